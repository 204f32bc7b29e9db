namespace FlashRt.GraphRewriter.Ir;

/// <summary>
/// Refuses what later stages could not trust: everything a rule relies on (names, order, sizes, types) is established here, once,
/// with a message that names the place.
/// </summary>
internal static class ModelChecker
{
    public static void Check(OnnxModel model, bool mixedTypes = false)
    {
        var path = model.Path;
        var proto = model.Proto;
        if (proto.Graph is null || !proto.HasIrVersion || proto.OpsetImport.Count == 0)
            throw new OnnxModelException(path, "is not an ONNX model: it has no " +
                (proto.Graph is null ? "graph" : !proto.HasIrVersion ? "IR version" : "operator set import"));
        foreach (var tensor in proto.Graph.Initializer) TensorChecker.Check(model, tensor, $"initializer '{tensor.Name}'");
        foreach (var node in proto.Graph.Node) CheckNode(model, node);
        CheckNames(path, proto.Graph);

        var graph = model.Graph;
        if (graph.Cycle is { } node_)
            throw new OnnxModelException(path, $"node {node_} is part of a cycle: it needs its own result");
        if (!mixedTypes && Inference.TypeCheck.FirstProblem(graph) is { } problem) throw new OnnxModelException(path, problem);
    }

    private static void CheckNode(OnnxModel model, NodeProto node)
    {
        var place = $"node '{(node.Name.Length > 0 ? node.Name : node.Output.FirstOrDefault() ?? "?")}'";
        if (node.OpType.Length == 0) throw new OnnxModelException(model.Path, $"{place} has no operator");
        if (Arity.Problem(node) is { } arity) throw new OnnxModelException(model.Path, $"{place} ({node.OpType}) {arity}");
        foreach (var a in node.Attribute)
        {
            if (a.Name.Length == 0) throw new OnnxModelException(model.Path, $"{place} ({node.OpType}) has an attribute without a name");
            if (a.T is not null) TensorChecker.Check(model, a.T, $"attribute '{a.Name}' of {place}");
            if (AttributeProblem(a) is { } problem)
                throw new OnnxModelException(model.Path, $"attribute '{a.Name}' of {place} ({node.OpType}) {problem}");
        }
    }

    private static string? AttributeProblem(AttributeProto a) => a.Type switch
    {
        AttributeProto.Types.AttributeType.Tensor when a.T is null && a.RefAttrName.Length == 0 => "says it is a tensor but holds none",
        AttributeProto.Types.AttributeType.Graph when a.G is null && a.RefAttrName.Length == 0 => "says it is a graph but holds none",
        _ => null,
    };

    private static void CheckNames(string? path, GraphProto graph)
    {
        var defined = new HashSet<string>(StringComparer.Ordinal);
        foreach (var input in graph.Input)
            if (!defined.Add(input.Name)) throw new OnnxModelException(path, $"two graph inputs are called '{input.Name}'");
        var stored = new HashSet<string>(StringComparer.Ordinal);
        foreach (var tensor in graph.Initializer)
            if (!stored.Add(tensor.Name)) throw new OnnxModelException(path, $"two initializers are called '{tensor.Name}'");
        defined.UnionWith(stored);
        foreach (var tensor in graph.SparseInitializer) defined.Add(tensor.Values?.Name ?? "");
        foreach (var node in graph.Node)
            foreach (var output in node.Output.Where(o => o.Length > 0))
                if (!defined.Add(output))
                    throw new OnnxModelException(path, $"value '{output}' is made twice, the second time by node '{node.Name}' ({node.OpType})");

        foreach (var node in graph.Node)
            foreach (var input in node.Input.Concat(Captured.By(node)).Where(i => i.Length > 0 && !defined.Contains(i)))
                throw new OnnxModelException(path, $"node '{node.Name}' ({node.OpType}) reads '{input}', which nothing makes");
        foreach (var output in graph.Output.Where(o => !defined.Contains(o.Name)))
            throw new OnnxModelException(path, $"graph output '{output.Name}' is made by no node");
    }
}
