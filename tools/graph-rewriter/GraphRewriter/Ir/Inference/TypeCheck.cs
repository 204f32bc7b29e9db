namespace FlashRt.GraphRewriter.Ir.Inference;

/// <summary>Finds the first node whose inputs must share an element type and do not.</summary>
internal static class TypeCheck
{
    private static readonly HashSet<string> SameTyped = [.. ("Add Sub Mul Div MatMul Gemm Concat Min Max Sum Equal Less Greater LessOrEqual "
        + "GreaterOrEqual And Or Xor PRelu").Split(' ')];

    public static string? FirstProblem(Graph graph)
    {
        foreach (var node in graph.Nodes)
        {
            if (node.Domain.Length > 0) continue;
            var typed = node.Inputs.Where(i => i is not null && i.Type != DataType.Undefined).Select(i => i!);
            if (node.OpType == "Where") typed = node.Inputs.Skip(1).Where(i => i is not null && i.Type != DataType.Undefined).Select(i => i!);
            else if (!SameTyped.Contains(node.OpType)) continue;
            var first = typed.FirstOrDefault();
            if (typed.FirstOrDefault(v => v.Type != first!.Type) is { } odd)
                return $"node {node} mixes {first!.Type.Name()} ('{first.Name}') with {odd.Type.Name()} ('{odd.Name}'); ONNX wants one type";
        }
        return null;
    }
}
