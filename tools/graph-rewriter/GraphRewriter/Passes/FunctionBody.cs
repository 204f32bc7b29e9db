namespace FlashRt.GraphRewriter.Passes;

/// <summary>
/// Writes an equivalent body: nodes over the fused node's inputs by their value names, ending in its outputs. Inner values are named
/// after <paramref name="site"/>, a value of the site, so that bodies stay distinct when a restore puts them into one graph.
/// </summary>
public sealed class FunctionBody(Value site)
{
    private readonly List<NodeProto> nodes = [];

    internal IReadOnlyList<NodeProto> Nodes => nodes;

    /// <summary>Adds a node with one output; <paramref name="output"/> names it, otherwise a free name is made.</summary>
    public string Node(string op, IReadOnlyList<string> inputs, string? output = null, params IReadOnlyList<(string Name, object Value)> attributes)
    {
        var node = new NodeProto { OpType = op, Name = output ?? Free(op) };
        node.Input.AddRange(inputs);
        node.Output.Add(node.Name);
        node.Attribute.AddRange(attributes.Select(a => Attributes.Make(a.Name, a.Value)));
        nodes.Add(node);
        return node.Output[0];
    }

    /// <summary>Adds a constant.</summary>
    public string Constant(string role, ConstantTensor tensor) => Node("Constant", [], Free(role), ("value", tensor.ToProto("")));

    private string Free(string role) => site.Graph.FreeName($"{site.Name}.{role}{nodes.Count}");
}
