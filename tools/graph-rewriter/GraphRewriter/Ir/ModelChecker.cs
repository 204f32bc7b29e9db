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
        var checker = new GraphChecker(model);
        checker.Check(proto.Graph);
        FunctionChecker.Check(model, checker);

        var graph = model.Graph;
        if (graph.Cycle is { } node)
            throw new OnnxModelException(path, $"node {node} is part of a cycle: it needs its own result");
        if (!mixedTypes && Inference.TypeCheck.FirstProblem(graph) is { } problem) throw new OnnxModelException(path, problem);
    }
}
