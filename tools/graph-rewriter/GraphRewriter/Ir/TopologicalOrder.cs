namespace FlashRt.GraphRewriter.Ir;

/// <summary>Orders nodes so that producers come first, changing the given order only where it must.</summary>
internal static class TopologicalOrder
{
    /// <summary>The order and, when there is none, a node that waits for itself (the rest then keeps its place).</summary>
    public static (List<Node> Order, Node? Cycle) Of(List<Node> nodes)
    {
        if (IsOrder(nodes)) return (nodes, null);
        var position = new Dictionary<Node, int>(nodes.Count);
        for (var i = 0; i < nodes.Count; i++) position[nodes[i]] = i;
        var waiting = new int[nodes.Count];
        var ready = new PriorityQueue<int, int>();
        for (var i = 0; i < nodes.Count; i++)
        {
            waiting[i] = Producers(nodes[i]).Count(position.ContainsKey);
            if (waiting[i] == 0) ready.Enqueue(i, i);
        }

        var order = new List<Node>(nodes.Count);
        while (ready.TryDequeue(out var next, out _))
        {
            order.Add(nodes[next]);
            foreach (var consumer in nodes[next].Outputs.Where(o => o?.Producer == nodes[next]).SelectMany(o => o!.Uses).Select(u => u.Node))
                if (position.TryGetValue(consumer, out var i) && --waiting[i] == 0) ready.Enqueue(i, i);
        }
        if (order.Count == nodes.Count) return (order, null);

        var stuck = nodes.First(n => waiting[position[n]] > 0);
        var placed = order.ToHashSet();
        order.AddRange(nodes.Where(n => !placed.Contains(n)));
        return (order, stuck);
    }

    // Nearly always: an edit puts new nodes where the old ones were.
    private static bool IsOrder(List<Node> nodes)
    {
        for (var i = 0; i < nodes.Count; i++) nodes[i].Index = i;
        foreach (var node in nodes)
            foreach (var values in (IReadOnlyList<Value?>[])[node.Inputs, node.Captures])
                for (var i = 0; i < values.Count; i++)
                    if (values[i]?.Producer is { } producer && producer.Index >= node.Index) return false;
        return true;
    }

    // One entry for each use, so that the counts agree with Uses.
    private static IEnumerable<Node> Producers(Node node) =>
        node.Inputs.Concat(node.Captures).Where(v => v?.Producer is not null).Select(v => v!.Producer!);
}
