namespace FlashRt.GraphRewriter.Ir;

public sealed partial class Graph
{
    /// <summary>Adds a value that a rule made for an initializer; its name must be free.</summary>
    internal void Adopt(Value value)
    {
        Proto.Initializer.Add(value.Initializer);
        values.Add(value.Name, value);
    }

    /// <summary>A value name that nothing in the model uses yet: the wish itself, or the wish with a number.</summary>
    internal string FreeName(string wish)
    {
        var name = wish;
        for (var i = 1; values.ContainsKey(name); i++) name = $"{wish}.{i}";
        return name;
    }

    /// <summary>Takes nodes out and puts others in; outputs of removed nodes may be outputs of added ones.</summary>
    internal IReadOnlyList<Node> Replace(IReadOnlyCollection<Node> removed, IReadOnlyList<NodeProto> added)
    {
        foreach (var node in removed) Unlink(node);
        Node[] linked = [.. added.Select(Link)];
        var at = removed.Count == 0 ? nodes.Count : removed.Max(n => n.Index);
        var rest = new List<Node>(nodes.Count + linked.Length);
        foreach (var node in nodes)
        {
            if (!node.Removed) rest.Add(node);
            if (node.Index == at) rest.AddRange(linked);
        }
        if (removed.Count == 0) rest.AddRange(linked);
        nodes = rest;
        Sort();
        return linked;
    }

    /// <summary>Removes stored tensors and type notes that the given predicate picks by value name.</summary>
    internal void Forget(Func<Value, bool> unused)
    {
        var gone = values.Values.Where(unused).ToDictionary(v => v.Name);
        if (gone.Count == 0) return;
        Keep(Proto.Initializer, t => !gone.ContainsKey(t.Name));
        Keep(Proto.ValueInfo, v => !gone.ContainsKey(v.Name));
        foreach (var name in gone.Keys) values.Remove(name);
    }

    private static void Keep<T>(Google.Protobuf.Collections.RepeatedField<T> field, Func<T, bool> keep)
    {
        T[] kept = [.. field.Where(keep)];
        if (kept.Length == field.Count) return;
        field.Clear();
        field.AddRange(kept);
    }
}
