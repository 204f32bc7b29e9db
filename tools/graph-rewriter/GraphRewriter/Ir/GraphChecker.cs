namespace FlashRt.GraphRewriter.Ir;

/// <summary>Checks a graph and the subgraphs in it: that tensors are sound, and that every name is made once and before it is read.</summary>
internal sealed class GraphChecker(OnnxModel model)
{
    public void Check(GraphProto graph) => Check(graph, new HashSet<string>(StringComparer.Ordinal), "");

    /// <summary>Checks nodes that read <paramref name="given"/> beside each other's results, as in a function.</summary>
    public void Check(IReadOnlyList<NodeProto> nodes, IEnumerable<string> given, IEnumerable<string> outputs, string within)
    {
        foreach (var node in nodes) CheckNode(node, within);
        CheckNames(nodes, [.. given], outputs, within);
    }

    private void Check(GraphProto graph, HashSet<string> outer, string within)
    {
        foreach (var tensor in graph.Initializer) TensorChecker.Check(model, tensor, $"{within}initializer '{tensor.Name}'");
        foreach (var tensor in graph.SparseInitializer) CheckSparse(tensor, $"{within}sparse initializer '{tensor.Values?.Name}'");
        foreach (var node in graph.Node) CheckNode(node, within);

        var defined = new HashSet<string>(StringComparer.Ordinal);
        foreach (var input in graph.Input)
            if (!defined.Add(input.Name)) throw Error($"{within}two graph inputs are called '{input.Name}'");
        var stored = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in graph.Initializer.Select(t => t.Name).Concat(graph.SparseInitializer.Select(t => t.Values?.Name ?? "")))
            if (!stored.Add(name)) throw Error($"{within}two initializers are called '{name}'");
        defined.UnionWith(stored);
        CheckNames(graph.Node, defined, graph.Output.Select(o => o.Name), within, outer);
    }

    private void CheckNames(IReadOnlyList<NodeProto> nodes, HashSet<string> defined, IEnumerable<string> outputs, string within, HashSet<string>? outer = null)
    {
        var makers = new Dictionary<string, NodeProto>(StringComparer.Ordinal);
        foreach (var node in nodes)
            foreach (var output in node.Output.Where(o => o.Length > 0))
                if (defined.Contains(output) || !makers.TryAdd(output, node))
                    throw Error($"{within}value '{output}' is made twice, the second time by node '{node.Name}' ({node.OpType})");

        HashSet<string> visible = [.. defined, .. makers.Keys, .. outer ?? []];
        foreach (var node in nodes)
        {
            if (node.Input.FirstOrDefault(i => i.Length > 0 && !visible.Contains(i)) is { } input)
                throw Error($"{within}node '{node.Name}' ({node.OpType}) reads '{input}', which nothing makes");
            foreach (var attribute in node.Attribute)
                foreach (var graph in attribute.G is null ? attribute.Graphs : attribute.Graphs.Prepend(attribute.G))
                    Check(graph, visible, $"{within}in the {attribute.Name} of node '{node.Name}' ({node.OpType}), ");
        }
        // A branch may hand on an outer value; the model itself only its own.
        if (outputs.FirstOrDefault(o => !visible.Contains(o)) is { } missing) throw Error($"{within}graph output '{missing}' is made by no node");
        if (InCycle(nodes, makers) is { } stuck) throw Error($"{within}node '{stuck.Name}' ({stuck.OpType}) is part of a cycle: it needs its own result");
    }

    // Takes away, again and again, what needs nothing of the rest.
    private static NodeProto? InCycle(IReadOnlyList<NodeProto> nodes, Dictionary<string, NodeProto> makers)
    {
        Dictionary<NodeProto, int> waiting = new(ReferenceEqualityComparer.Instance);
        Dictionary<NodeProto, List<NodeProto>> readers = new(ReferenceEqualityComparer.Instance);
        foreach (var node in nodes) readers[node] = [];
        foreach (var node in nodes)
        {
            NodeProto[] needed = [.. node.Input.Concat(Captured.By(node)).Select(i => makers.GetValueOrDefault(i)).OfType<NodeProto>()];
            waiting[node] = needed.Length;
            foreach (var maker in needed) readers[maker].Add(node);
        }
        var ready = new Queue<NodeProto>(nodes.Where(n => waiting[n] == 0));
        while (ready.TryDequeue(out var node))
            foreach (var reader in readers[node])
                if (--waiting[reader] == 0) ready.Enqueue(reader);
        return nodes.FirstOrDefault(n => waiting[n] > 0);
    }

    private void CheckNode(NodeProto node, string within)
    {
        var place = $"{within}node '{(node.Name.Length > 0 ? node.Name : node.Output.FirstOrDefault() ?? "?")}'";
        if (node.OpType.Length == 0) throw Error($"{place} has no operator");
        if (Arity.Problem(node) is { } arity) throw Error($"{place} ({node.OpType}) {arity}");
        foreach (var a in node.Attribute)
        {
            if (a.Name.Length == 0) throw Error($"{place} ({node.OpType}) has an attribute without a name");
            foreach (var tensor in a.T is null ? a.Tensors : a.Tensors.Prepend(a.T)) TensorChecker.Check(model, tensor, $"attribute '{a.Name}' of {place}");
            foreach (var tensor in a.SparseTensor is null ? a.SparseTensors : a.SparseTensors.Prepend(a.SparseTensor)) CheckSparse(tensor, $"attribute '{a.Name}' of {place}");
            if (AttributeProblem(a) is { } problem) throw Error($"attribute '{a.Name}' of {place} ({node.OpType}) {problem}");
        }
    }

    private void CheckSparse(SparseTensorProto tensor, string place)
    {
        foreach (var (part, what) in new[] { (tensor.Values, "values"), (tensor.Indices, "indices") })
            TensorChecker.Check(model, part ?? throw Error($"{place} has no {what}"), $"{place}, its {what},");
    }

    private static string? AttributeProblem(AttributeProto a) => a.Type switch
    {
        AttributeProto.Types.AttributeType.Tensor when a.T is null && a.RefAttrName.Length == 0 => "says it is a tensor but holds none",
        AttributeProto.Types.AttributeType.Graph when a.G is null && a.RefAttrName.Length == 0 => "says it is a graph but holds none",
        _ => null,
    };

    private OnnxModelException Error(string what) => new(model.Path, what);
}
