using FlashRt.Onnx.Catalog;

namespace FlashRt.Validation.Ops;

/// <summary>
/// A model that is one call of an op. FP8 operands cannot be graph inputs or outputs in C#: they enter and leave as float32, next to a
/// Cast that changes no representable value.
/// </summary>
public static class OpModel
{
    /// <summary>Name of the node.</summary>
    public const string NodeName = "node_under_test";

    /// <summary>The model for operands of these types and ranks, or of exactly these shapes.</summary>
    public static OnnxModel Build(OpSignature signature, IReadOnlyDictionary<string, OpTensor> operands, bool staticShapes = false)
    {
        var graph = new GraphBuilder(opset: 21).Import(OpCatalog.Domain, OpCatalog.Version);
        var op = signature.Op;
        var inputs = op.Inputs.Select(i => signature.Inputs.Contains(i.Name) ? Input(graph, i.Name, operands[i.Name], staticShapes) : "");
        var outputs = op.Outputs.Select(o => signature.Outputs.Contains(o.Name) ? InnerName(o.Name) : "");
        var node = graph.Node($"{OpCatalog.Domain}::{op.Name}", Trim(inputs), [.. signature.Attributes.Select(a => (a.Key, a.Value))], Trim(outputs));
        foreach (var output in op.Outputs.Where(o => signature.Outputs.Contains(o.Name)))
            Output(graph, output, signature, InnerName(output.Name));
        var model = WithoutOutputShapes(graph);
        model.Proto.Graph.Node.Single(n => n.Output.SequenceEqual(node)).Name = NodeName;
        return model;
    }

    /// <summary>The model, its outputs of any rank: ONNX Runtime infers what can be inferred.</summary>
    public static OnnxModel WithoutOutputShapes(GraphBuilder graph)
    {
        var model = graph.Build();
        foreach (var output in model.Proto.Graph.Output)
            output.Type.TensorType.Shape = null;
        return model;
    }

    /// <summary>The same model with graph inputs of any rank.</summary>
    public static OnnxModel AnyRank(OnnxModel model)
    {
        var copy = model.Clone();
        foreach (var input in copy.Proto.Graph.Input)
            input.Type.TensorType.Shape = null;
        return copy;
    }

    /// <summary>Name of an op's output inside the graph; the graph output has the plain name.</summary>
    public static string InnerName(string output) => output + "_inner";

    /// <summary>The type that a graph input or output has for an operand of this type.</summary>
    public static ElementType Outside(ElementType type) => type == ElementType.Float8E4M3 ? ElementType.Float32 : type;

    /// <summary>Adds a graph input and, for FP8, the Cast behind it; returns the value that the op reads.</summary>
    public static string Input(GraphBuilder graph, string name, OpTensor operand, bool staticShape)
    {
        object[] dims = [.. operand.Shape.Select((size, axis) => staticShape ? (object)size : $"{name}_{axis}")];
        graph.Input(name, (DataType)Outside(operand.Type), dims);
        return operand.Type == ElementType.Float8E4M3 ? graph.Cast(name, DataType.Float8E4M3Fn) : name;
    }

    /// <summary>Leading values up to the last one that is there: trailing operands are left out, those in the middle have no name.</summary>
    public static string[] Trim(IEnumerable<string> names)
    {
        var list = names.ToList();
        while (list.Count > 0 && list[^1].Length == 0)
            list.RemoveAt(list.Count - 1);
        return [.. list];
    }

    /// <summary>Makes a value the graph output of an op's output, whose name has the prefix in front.</summary>
    public static void Output(GraphBuilder graph, OpOutput output, OpSignature signature, string value, string prefix = "")
    {
        var name = prefix + output.Name;
        var type = output.Type == "T" ? signature.Type : ElementTypes.Parse(output.Type);
        if (type == ElementType.Float8E4M3)
            graph.Node("Cast", [value], [("to", (long)DataType.Float)], [name]);
        else
            graph.Node("Identity", [value], null, [name]);
        graph.Output(name, (DataType)Outside(type));
    }
}
