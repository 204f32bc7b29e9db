namespace FlashRt.Benches;

/// <summary>Attention at the shapes of real models, beside what exporters write for it and each of ONNX Runtime's own attention ops that takes the shape.</summary>
internal static class AttentionCases
{
    private sealed record Shape(string Name, long Batch, long Queries, long Keys, long Heads, long KvHeads, long Dim, bool Causal);

    private static readonly Shape[] Shapes =
    [
        new("Gemma-2B prefill", 1, 712, 712, 8, 1, 256, Causal: true),
        new("Gemma-2B prefill, bidirectional", 1, 712, 712, 8, 1, 256, Causal: false),
        new("Gemma-300M denoise", 1, 50, 762, 8, 1, 256, Causal: false),
        new("Qwen3-4B decode", 1, 1, 1025, 32, 8, 128, Causal: false),
        new("SigLIP and DiT", 2, 256, 256, 16, 16, 72, Causal: false),
    ];

    public static IEnumerable<OpCase> All()
    {
        foreach (Shape s in Shapes)
        {
            long[][] inputs = [[s.Batch, s.Queries, s.Heads * s.Dim], [s.Batch, s.Keys, s.KvHeads * s.Dim], [s.Batch, s.Keys, s.KvHeads * s.Dim]];
            foreach (var (name, link) in Stock(s))
                yield return new("Attention", $"{s.Name} {s.Queries} on {s.Keys}, {s.Heads}/{s.KvHeads} heads of {s.Dim}", inputs, (c, v) => Ours(c, v, s), (c, v) => Exported(c, v, s), link, name)
                { Opset = 23 };
        }
    }

    private static IEnumerable<(string, Link)> Stock(Shape s)
    {
        yield return ("Attention (opset 23)", (c, v) => [c.Op("Attention", [v[0], v[1], v[2]], ("q_num_heads", s.Heads), ("kv_num_heads", s.KvHeads), ("is_causal", s.Causal ? 1L : 0L)), v[1], v[2]]);
        if (s.Heads == s.KvHeads)
            yield return ("MultiHeadAttention", (c, v) => [c.Op("com.microsoft::MultiHeadAttention", [v[0], v[1], v[2]], ("num_heads", s.Heads)), v[1], v[2]]);
        if (s.Causal && s.Queries == s.Keys) yield return ("GroupQueryAttention", (c, v) => Grouped(c, v, s));
    }

    private static string[] Ours(Chain c, string[] v, Shape s) =>
        [c.Op("com.flashrt::Attention", [v[0], v[1], v[2]], ("num_heads", s.Heads), ("num_kv_heads", s.KvHeads), ("causal", s.Causal ? 1L : 0L)), v[1], v[2]];

    private static string[] Grouped(Chain c, string[] v, Shape s)
    {
        string last = c.Typed("last_key", DataType.Int32, s.Keys - 1), total = c.Typed("total_keys", DataType.Int32, s.Keys);
        string[] all = c.Ops("com.microsoft::GroupQueryAttention", [v[0], v[1], v[2], "", "", last, total], 3, ("num_heads", s.Heads), ("kv_num_heads", s.KvHeads));
        return [all[0], v[1], v[2]];
    }

    /// <summary>PyTorch's scaled_dot_product_attention as it is exported to opset 18: both factors scaled, keys repeated for grouped heads.</summary>
    private static string[] Exported(Chain c, string[] v, Shape s)
    {
        string q = Heads(c, v[0], "q", s.Batch, s.Queries, s.Heads, s.Dim);
        string k = Repeated(c, Heads(c, v[1], "kv", s.Batch, s.Keys, s.KvHeads, s.Dim), s), w = Repeated(c, Heads(c, v[2], "kv", s.Batch, s.Keys, s.KvHeads, s.Dim), s);
        string root = c.Scalar("root_of_scale", Math.Pow(s.Dim, -0.25));
        string logits = c.Op("MatMul", c.Op("Mul", q, root), c.Op("Mul", c.Op("Transpose", [k], ("perm", new long[] { 0, 1, 3, 2 })), root));
        if (s.Causal) logits = c.Op("Add", logits, c.Numbers("causal_mask", (row, column) => column > row ? -65504 : 0, s.Queries, s.Keys));
        string heads = c.Op("MatMul", c.Op("Softmax", [logits], ("axis", -1L)), w);
        return [c.Op("Reshape", c.Op("Transpose", [heads], ("perm", new long[] { 0, 2, 1, 3 })), c.Integers("joined", s.Batch, s.Queries, s.Heads * s.Dim)), v[1], v[2]];
    }

    private static string Heads(Chain c, string x, string name, long batch, long tokens, long heads, long dim) =>
        c.Op("Transpose", [c.Op("Reshape", x, c.Integers($"{name}_heads", batch, tokens, heads, dim))], ("perm", new long[] { 0, 2, 1, 3 }));

    private static string Repeated(Chain c, string x, Shape s)
    {
        if (s.Heads == s.KvHeads) return x;
        string spread = c.Op("Expand", c.Op("Unsqueeze", x, c.Integers("group_axis", 2)), c.Integers("groups", s.Batch, s.KvHeads, s.Heads / s.KvHeads, s.Keys, s.Dim));
        return c.Op("Reshape", spread, c.Integers("all_heads", s.Batch, s.Heads, s.Keys, s.Dim));
    }
}
