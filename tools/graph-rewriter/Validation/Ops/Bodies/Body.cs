namespace FlashRt.Validation.Ops;

/// <summary>Writes the unfused float32 graph of one call. Operands are graph inputs of the same names, all of them float32.</summary>
internal sealed class Body
{
    private readonly GraphBuilder _graph = new(opset: 21);
    private readonly OpSignature _signature;
    private readonly IReadOnlyDictionary<string, OpTensor> _operands;
    private int _constants;

    public Body(OpSignature signature, IReadOnlyDictionary<string, OpTensor> operands)
    {
        (_signature, _operands) = (signature, operands);
        foreach (var name in signature.Inputs)
            _graph.Input(name, InputType(operands[name].Type), [.. operands[name].Shape.Select((_, axis) => $"{name}_{axis}")]);
        Call = new OpCall(signature, operands);
    }

    /// <summary>The call, for its attributes. Sizes of axes differ between samples; ranks do not.</summary>
    public OpCall Call { get; }

    public GraphBuilder Graph => _graph;

    public bool Has(string input) => _signature.Inputs.Contains(input);

    public int Rank(string input) => _operands[input].Shape.Length;

    public string Op(string op, params string[] inputs) => _graph.Op(op, inputs);

    public string Op(string op, string[] inputs, params (string Name, object Value)[] attributes) => _graph.Node(op, inputs, attributes)[0];

    public string Number(double value) => _graph.Scalar($"number_{_constants++}", DataType.Float, value);

    public string Integers(params long[] values) => _graph.Integers($"integers_{_constants++}", values);

    public string Add(string a, string b) => Op("Add", a, b);

    public string Multiply(string a, string b) => Op("Mul", a, b);

    public string Mean(string x) => Op("ReduceMean", [x, Integers(-1)], ("keepdims", 1L));

    /// <summary>rT(x) as a float32.</summary>
    public string Rounded(string x) => _signature.Type == ElementType.Float32 ? x : _graph.Cast(_graph.Cast(x, (DataType)_signature.Type), DataType.Float);

    /// <summary>q8 of x / scale, decoded.</summary>
    public string Quantized(string x, string scaleInput)
    {
        if (Has(scaleInput))
        {
            var scaled = Multiply(x, Op("Reciprocal", Op("Max", scaleInput, Number(1e-12))));
            x = Op("Clip", scaled, Number(-448), Number(448));
        }
        return _graph.Cast(_graph.Cast(x, DataType.Float8E4M3Fn), DataType.Float);
    }

    public string Activate(string activation, string x) => activation switch
    {
        "none" => x,
        "gelu_tanh" => Op("Gelu", [x], ("approximate", "tanh")),
        "gelu_erf" => Op("Gelu", x),
        "gelu_quick" => Multiply(x, Op("Sigmoid", Multiply(x, Number(1.702)))),
        "silu" => Multiply(x, Op("Sigmoid", x)),
        "relu" => Op("Relu", x),
        "sigmoid" => Op("Sigmoid", x),
        _ => throw new ArgumentException($"Unknown activation '{activation}'.", nameof(activation)),
    };

    /// <summary>A modulation operand as one that standard broadcasting spreads over the rows of x: [B, C] becomes [B, 1, C].</summary>
    public string Spread(string name, string value, string x) =>
        Rank(name) == 2 && Rank(x) == 3 ? Op("Unsqueeze", value, Integers(1)) : value;

    public void Output(string name, string value)
    {
        _graph.Node("Identity", [value], null, [name]);
        _graph.Output(name, DataType.Float);
    }

    public OnnxModel Build() => OpModel.WithoutOutputShapes(_graph);

    private static DataType InputType(ElementType type) => type.IsFloat() || type == ElementType.Float8E4M3 ? DataType.Float : (DataType)type;
}
