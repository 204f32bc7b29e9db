namespace FlashRt.GraphRewriter.Ir;

/// <summary>Which outer values the subgraphs of a node read: those they use and do not define themselves.</summary>
internal static class Captured
{
    public static IEnumerable<string> By(NodeProto node)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var graph in Subgraphs(node)) Collect(graph, [], names);
        return names;
    }

    public static IEnumerable<GraphProto> Subgraphs(NodeProto node) =>
        node.Attribute.SelectMany(a => a.G is null ? a.Graphs : a.Graphs.Prepend(a.G));

    private static void Collect(GraphProto graph, HashSet<string> outer, SortedSet<string> names)
    {
        var defined = new HashSet<string>(outer, StringComparer.Ordinal);
        defined.UnionWith(graph.Input.Select(i => i.Name));
        defined.UnionWith(graph.Initializer.Select(i => i.Name));
        defined.UnionWith(graph.Node.SelectMany(n => n.Output));
        names.UnionWith(graph.Node.SelectMany(n => n.Input).Concat(graph.Output.Select(o => o.Name))
            .Where(n => n.Length > 0 && !defined.Contains(n)));
        foreach (var node in graph.Node)
            foreach (var inner in Subgraphs(node)) Collect(inner, defined, names);
    }
}
