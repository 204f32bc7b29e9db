namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>
/// Changes that a canonical pass wants, applied at once: the protobuf is rewritten and the graph view made anew, so that types and
/// constants that follow from the changes are known to the next pass.
/// </summary>
internal sealed class GraphEdit(PassContext context)
{
    private readonly Dictionary<string, string> names = new(StringComparer.Ordinal);
    private readonly Dictionary<Node, NodeProto[]> replaced = [];
    private readonly Dictionary<string, TensorProto> stored = new(StringComparer.Ordinal);

    private readonly HashSet<string> taken = new(StringComparer.Ordinal);

    public Graph Graph { get; } = context.Model.Graph;

    public bool IsEmpty => names.Count + replaced.Count + stored.Count == 0;

    /// <summary>True for nodes that an earlier change of this edit took out.</summary>
    public bool IsGone(Node node) => replaced.ContainsKey(node);

    /// <summary>
    /// Lets everything that reads <paramref name="value"/> read <paramref name="by"/>. A graph output keeps its name: what it is
    /// replaced by takes that name. False where that cannot be, and nothing is changed.
    /// </summary>
    public bool Forward(Value value, Value by)
    {
        if (Final(by.Name) == Final(value.Name) || IsCaptured(value)) return false;
        if (!value.IsOutput)
        {
            names[value.Name] = by.Name;
            return true;
        }
        var source = Final(by.Name) == by.Name ? by : Graph.Find(Final(by.Name));
        if (source is not { IsOutput: false, IsInput: false, Initializer: null, Producer: not null } || IsCaptured(source) || stored.ContainsKey(source.Name)) return false;
        if (value.Producer is { } producer && !IsGone(producer))
        {
            if (producer.Outputs.Count(o => o is not null) > 1) return false;
            Replace(producer);
        }
        names[source.Name] = value.Name;
        return true;
    }

    /// <summary>Takes a node out, or puts others in its place.</summary>
    public void Replace(Node node, params NodeProto[] by) => replaced[node] = by;

    /// <summary>Turns a value into a stored tensor of the same name; its producer is left for dead code removal.</summary>
    public void Store(string name, TensorProto tensor)
    {
        tensor.Name = name;
        stored[name] = tensor;
    }

    /// <summary>A name that neither the graph nor this edit uses.</summary>
    public string FreeName(string wish)
    {
        var name = Graph.FreeName(wish);
        for (var i = 1; !taken.Add(name); i++) name = Graph.FreeName($"{wish}.{i}");
        return name;
    }

    /// <summary>A node of standard ONNX with one output, for <see cref="Replace"/>.</summary>
    public static NodeProto Node(string op, string name, string output, params string[] inputs)
    {
        var node = new NodeProto { OpType = op, Name = name };
        node.Input.AddRange(inputs);
        node.Output.Add(output);
        return node;
    }

    /// <summary>Adds a stored vector of integers and gives its name.</summary>
    public string Integers(string wish, params long[] values)
    {
        var name = FreeName(wish);
        Store(name, ConstantTensor.From(DataType.Int64, [values.Length], values).ToProto(name));
        return name;
    }

    /// <summary>Writes everything through; returns <paramref name="changes"/> for the pass to report.</summary>
    public int Apply(int changes)
    {
        DropUnread();
        if (IsEmpty) return 0;
        var proto = Graph.Proto;
        var before = Graph.Nodes.SelectMany(n => n.Outputs).OfType<Value>().Select(v => v.Name).ToList();
        NodeProto[] nodes = [.. Graph.Nodes.SelectMany(n => replaced.TryGetValue(n, out var by) ? by : [n.Proto])];
        foreach (var node in nodes) Rename(node);
        nodes = WithoutStored(nodes);
        var kept = nodes.ToHashSet<NodeProto>(ReferenceEqualityComparer.Instance);
        context.Released.UnionWith(Graph.Nodes.Where(n => !kept.Contains(n.Proto)).SelectMany(n => n.Inputs.Concat(n.Captures))
            .Where(i => i?.Initializer is not null).Select(i => i!.Name));
        proto.Node.Clear();
        proto.Node.AddRange(nodes);
        proto.Initializer.AddRange(stored.Values);
        DropNotes(before.Except(nodes.SelectMany(n => n.Output)).ToHashSet(StringComparer.Ordinal));
        context.Model.Invalidate();
        return changes;
    }

    // A pass that gives up half way leaves constants that nobody reads.
    private void DropUnread()
    {
        string[] made = [.. taken.Where(stored.ContainsKey)];
        if (made.Length == 0) return;
        var read = replaced.Values.SelectMany(by => by).SelectMany(n => n.Input.Concat(Captured.By(n))).Concat(names.Values).ToHashSet(StringComparer.Ordinal);
        foreach (var name in made.Where(n => !read.Contains(n))) stored.Remove(name);
    }

    private string Final(string name)
    {
        var final = name;
        while (names.TryGetValue(final, out var next)) final = next;
        // Long chains are walked once.
        while (names.TryGetValue(name, out var next) && next != final) (names[name], name) = (final, next);
        return final;
    }

    private static bool IsCaptured(Value value) => value.Uses.Any(u => u.Input < 0);

    private void Rename(NodeProto node)
    {
        foreach (var list in new[] { node.Input, node.Output })
            for (var i = 0; i < list.Count; i++)
                if (names.ContainsKey(list[i])) list[i] = Final(list[i]);
    }

    // A value has one definition: a node whose only output is stored now goes, and one of several outputs is left out.
    private NodeProto[] WithoutStored(NodeProto[] nodes)
    {
        if (stored.Count == 0) return nodes;
        foreach (var node in nodes)
            for (var i = 0; i < node.Output.Count; i++)
                if (stored.ContainsKey(node.Output[i])) node.Output[i] = "";
        return [.. nodes.Where(n => n.Output.Count == 0 || n.Output.Any(o => o.Length > 0))];
    }

    private void DropNotes(HashSet<string> gone)
    {
        var notes = Graph.Proto.ValueInfo;
        ValueInfoProto[] kept = [.. notes.Where(v => !gone.Contains(v.Name))];
        if (kept.Length == notes.Count) return;
        notes.Clear();
        notes.AddRange(kept);
    }
}
