namespace FlashRt.GraphRewriter.Passes;

/// <summary>
/// Collects the nodes of a restored graph. Bodies share what the original shared (constants, a cast that several norms read), so what
/// is there already, made the same way, is not made twice.
/// </summary>
internal sealed class Restored(GraphProto graph)
{
    private readonly List<NodeProto> nodes = [];
    private readonly Dictionary<string, NodeProto> producers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TensorProto> tensors = graph.Initializer.ToDictionary(t => t.Name, StringComparer.Ordinal);
    private readonly HashSet<string> inputs = [.. graph.Input.Select(i => i.Name)];

    public void Keep(NodeProto node)
    {
        nodes.Add(node);
        foreach (var output in node.Output) producers[output] = node;
    }

    public void Add(NodeProto node)
    {
        var name = node.Output.First(o => o.Length > 0);
        if (SiteBody.IsStoredTensor(node)) AddTensor(name, node.Attribute[0].T);
        else if (!producers.TryGetValue(name, out var existing)) Keep(node);
        else if (node.OpType != "Constant" && (existing.OpType != node.OpType || !existing.Input.SequenceEqual(node.Input)))
            throw new OnnxModelException(null, $"cannot be restored: value '{name}' is made by two different nodes ('{existing.Name}' and '{node.Name}')");
    }

    public void Notes(IEnumerable<ValueInfoProto> notes)
    {
        var known = graph.ValueInfo.Select(v => v.Name).ToHashSet(StringComparer.Ordinal);
        graph.ValueInfo.AddRange(notes.Where(n => known.Add(n.Name)));
    }

    /// <summary>Writes the graph, without the tensors that only fused nodes read.</summary>
    public void Store()
    {
        var read = nodes.SelectMany(n => n.Input.Concat(Captured.By(n))).Concat(graph.Output.Select(o => o.Name)).ToHashSet(StringComparer.Ordinal);
        var kept = tensors.Values.Where(t => read.Contains(t.Name) || t.MetadataProps.All(m => m.Key != FusionBuilder.Derived)).ToArray();
        var notes = graph.ValueInfo.Where(v => v.MetadataProps.All(m => m.Key != FusionBuilder.Derived)).ToArray();
        graph.ValueInfo.Clear();
        graph.ValueInfo.AddRange(notes);
        graph.Node.Clear();
        graph.Node.AddRange(nodes);
        graph.Initializer.Clear();
        graph.Initializer.AddRange(kept);
    }

    private void AddTensor(string name, TensorProto tensor)
    {
        if (tensors.ContainsKey(name) || inputs.Contains(name)) return;
        tensor.Name = name;
        tensors.Add(name, tensor);
    }
}
