using FlashRt.GraphRewriter.Passes;

namespace FlashRt.GraphRewriter.Rules.Merging;

/// <summary>What merges share: the parts of a packed tensor in a body, and the conditions for taking them out of the graph.</summary>
internal static class Packing
{
    /// <summary>Nodes that give the parts of a packed tensor their names again. Inner values are named after <paramref name="site"/>.</summary>
    public static IReadOnlyList<NodeProto> Unpack(Value site, string packed, IEnumerable<Value> parts, IReadOnlyList<long> columns)
    {
        var body = new FunctionBody(site);
        var sizes = body.Constant("sizes", ConstantTensor.From(DataType.Int64, [columns.Count], columns.ToArray().AsSpan()));
        var split = new NodeProto { OpType = "Split", Name = $"{packed}.parts" };
        split.Input.AddRange([packed, sizes]);
        split.Output.AddRange(parts.Select(p => p.Name));
        split.Attribute.Add(Attributes.Make("axis", -1L));
        return [.. body.Nodes, split];
    }

    /// <summary>Why the values cannot go: somebody beside the given nodes needs one.</summary>
    public static string? OutsideReader(IEnumerable<Value> values, IReadOnlyCollection<Node> readers)
    {
        foreach (var value in values)
        {
            if (value.IsOutput) return $"'{value.Name}' is a graph output";
            if (value.Consumers.FirstOrDefault(c => !readers.Contains(c)) is { } other) return $"'{value.Name}' is also read by node '{other.Name}' ({other.OpType})";
        }
        return null;
    }

    /// <summary>Why a fused node cannot be given another form.</summary>
    public static string? BodyProblem(Node node) =>
        FunctionCall.Find(node.Outputs[0]!.Graph.Model.Proto, node.Proto) is null ? $"node '{node.Name}' has no function: the model was rewritten without fallback"
        : node.Outputs[0]!.Graph.Opset < 13 ? "operator sets before 13 have no Split with sizes as an input" : null;
}
