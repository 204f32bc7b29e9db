namespace FlashRt.GraphRewriter;

/// <summary>
/// Builds small models in code. Values are their names, so a formula reads like one:
/// <c>var y = g.Op("Mul", x, g.Op("Sigmoid", x)); g.Output(y, DataType.Float, 2, 8);</c>
/// </summary>
public sealed class GraphBuilder
{
    private readonly ModelProto model = new() { Graph = new GraphProto { Name = "graph" } };
    private readonly Dictionary<string, int> counts = [];

    /// <summary>Starts a model of the given operator set.</summary>
    public GraphBuilder(long opset = 18, long irVersion = 10)
    {
        model.IrVersion = irVersion;
        Import("", opset);
    }

    /// <summary>Imports another operator set.</summary>
    public GraphBuilder Import(string domain, long version)
    {
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = domain, Version = version });
        return this;
    }

    /// <summary>Adds a graph input; an axis is a number or a symbol's name.</summary>
    public string Input(string name, DataType type, params IReadOnlyList<object> dims)
    {
        model.Graph.Input.Add(Info(name, type, dims));
        return name;
    }

    /// <summary>Makes a value a graph output.</summary>
    public void Output(string name, DataType type, params IReadOnlyList<object> dims) => model.Graph.Output.Add(Info(name, type, dims));

    /// <summary>Notes the type of an inner value, as exporters do.</summary>
    public string Note(string name, DataType type, params IReadOnlyList<object> dims)
    {
        model.Graph.ValueInfo.Add(Info(name, type, dims));
        return name;
    }

    /// <summary>Adds a stored tensor, rounding the numbers to its type.</summary>
    public string Initializer(string name, DataType type, IReadOnlyList<long> dims, params ReadOnlySpan<double> values)
    {
        model.Graph.Initializer.Add(ConstantTensor.From(type, dims, values).ToProto(name));
        return name;
    }

    /// <summary>Adds a stored vector of integers.</summary>
    public string Integers(string name, params long[] values)
    {
        model.Graph.Initializer.Add(ConstantTensor.From(DataType.Int64, [values.Length], values).ToProto(name));
        return name;
    }

    /// <summary>Adds a stored number of rank zero.</summary>
    public string Scalar(string name, DataType type, double value) => Initializer(name, type, [], value);

    /// <summary>Adds any stored tensor.</summary>
    public string Initializer(TensorProto tensor)
    {
        model.Graph.Initializer.Add(tensor);
        return tensor.Name;
    }

    /// <summary>Adds a node with one output, named after the operator: mul_0, mul_1, ...</summary>
    public string Op(string op, params IReadOnlyList<string> inputs) => Node(op, inputs)[0];

    /// <summary>Adds a node with attributes, a domain ("com.microsoft::Gelu"), or several outputs; names are made where none are given.</summary>
    public IReadOnlyList<string> Node(string op, IReadOnlyList<string> inputs, IReadOnlyList<(string Name, object Value)>? attributes = null,
        IReadOnlyList<string>? outputs = null, string? overload = null)
    {
        var (domain, type) = op.Split("::") is [var d, var t] ? (d, t) : ("", op);
        var number = counts[type] = counts.GetValueOrDefault(type, -1) + 1;
        var node = new NodeProto { OpType = type, Name = $"node_{type}_{number}" };
        if (domain.Length > 0) node.Domain = domain;
        if (overload is not null) node.Overload = overload;
        node.Input.AddRange(inputs);
        node.Output.AddRange(outputs ?? [$"{type.ToLowerInvariant()}_{number}"]);
        node.Attribute.AddRange((attributes ?? []).Select(a => Attributes.Make(a.Name, a.Value)));
        model.Graph.Node.Add(node);
        return [.. node.Output];
    }

    /// <summary>Adds a Cast.</summary>
    public string Cast(string x, DataType to) => Node("Cast", [x], [("to", (long)to)])[0];

    /// <summary>Adds a model-local function.</summary>
    public GraphBuilder Function(FunctionProto function)
    {
        model.Functions.Add(function);
        return this;
    }

    /// <summary>The model, with a copy of everything added so far, checked as a loaded one is.</summary>
    public OnnxModel Build()
    {
        var built = new OnnxModel(model.Clone());
        ModelChecker.Check(built);
        built.Invalidate();  // callers may still edit the protobuf
        return built;
    }

    /// <summary>The model unchecked, for what a loader would refuse.</summary>
    public OnnxModel Unchecked() => new(model.Clone());

    private static ValueInfoProto Info(string name, DataType type, IReadOnlyList<object> dims)
    {
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = new TensorShapeProto() };
        tensor.Shape.Dim.AddRange(dims.Select(d => d is string symbol
            ? new TensorShapeProto.Types.Dimension { DimParam = symbol }
            : new TensorShapeProto.Types.Dimension { DimValue = Convert.ToInt64(d) }));
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }
}
