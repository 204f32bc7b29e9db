namespace FlashRt.GraphRewriter.Ir.Inference;

/// <summary>
/// Which inputs of a node must share an element type, and whether they do. Some exporters mix float16 with float32; ONNX forbids that for
/// most operators, and for the others (RMSNormalization) ONNX Runtime has no kernel.
/// </summary>
internal static class TypeCheck
{
    private static readonly Dictionary<string, int[]?> ByOnnx = Table(
        ("Add Sub Mul Div Mod MatMul Gemm Concat Min Max Sum Mean Equal Less Greater LessOrEqual GreaterOrEqual And Or Xor PRelu Einsum Range "
            + "BitwiseAnd BitwiseOr BitwiseXor", null),
        ("Where", [1, 2]),
        ("Conv ConvTranspose Clip", [0, 1, 2]),
        ("ScatterND ScatterElements", [0, 2]));

    private static readonly Dictionary<string, int[]?> ByRuntime = Table(("RMSNormalization", [0, 1]),
        ("Attention LayerNormalization InstanceNormalization GroupNormalization RotaryEmbedding", [0, 1, 2]));

    private static readonly Dictionary<string, int[]?> Contrib = Table(
        ("FusedMatMul BiasGelu FastGelu BiasAdd SkipLayerNormalization SkipSimplifiedLayerNormalization", null),
        ("MultiHeadAttention GroupQueryAttention", [0, 1, 2]));

    /// <summary>The first node that breaks ONNX's own rule, in one sentence; null where none does.</summary>
    public static string? FirstProblem(Graph graph) => graph.Nodes.Select(n => Problem(n, runtime: false)).FirstOrDefault(p => p is not null);

    /// <summary>
    /// Why the node's types do not go together, in one sentence; null where they do. With <paramref name="runtime"/> also what ONNX
    /// allows but stock ONNX Runtime refuses.
    /// </summary>
    public static string? Problem(Node node, bool runtime)
    {
        if (Mixed(node, runtime) is not { } inputs) return null;
        var first = node.Inputs[inputs[0]]!;
        var odd = inputs.Select(i => node.Inputs[i]!).First(v => v.Type != first.Type);
        return $"node {node} mixes {first.Type.Name()} ('{first.Name}') with {odd.Type.Name()} ('{odd.Name}'); "
            + (IsByOnnx(node) ? "ONNX wants one type" : "ONNX Runtime has no kernel for that")
            + ". Export it again with one type, or let 'flashrt rewrite --repair' insert the casts";
    }

    /// <summary>The inputs that should share a type, where they do not; null for nodes that are right or not known.</summary>
    public static int[]? Mixed(Node node, bool runtime)
    {
        if (Same(node, runtime) is not { } which) return null;
        int[] inputs = [.. Enumerable.Range(0, node.Inputs.Count).Where(i => (which.Length == 0 || which.Contains(i))
            && node.Inputs[i] is { Type: not DataType.Undefined })];
        return inputs.Select(i => node.Inputs[i]!.Type).Distinct().Count() > 1 ? inputs : null;
    }

    private static bool IsByOnnx(Node node) => node.Domain.Length == 0 && ByOnnx.ContainsKey(node.OpType);

    // The inputs in question, none meaning all; null for operators without such a rule.
    private static int[]? Same(Node node, bool runtime)
    {
        int[]? which = null;
        var known = node.Domain switch
        {
            "" => ByOnnx.TryGetValue(node.OpType, out which) || (runtime && ByRuntime.TryGetValue(node.OpType, out which)),
            "com.microsoft" => runtime && Contrib.TryGetValue(node.OpType, out which),
            _ => false,
        };
        return known ? which ?? [] : null;
    }

    private static Dictionary<string, int[]?> Table(params (string Ops, int[]? Inputs)[] rows)
    {
        var table = new Dictionary<string, int[]?>(StringComparer.Ordinal);
        foreach (var (ops, inputs) in rows)
            foreach (var op in ops.Split(' ')) table[op] = inputs;
        return table;
    }
}
