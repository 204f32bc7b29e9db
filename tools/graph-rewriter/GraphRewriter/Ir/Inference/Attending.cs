namespace FlashRt.GraphRewriter.Ir.Inference;

/// <summary>Attention as one operator: ONNX's, and those that ONNX Runtime's optimisers and the genai model builder write.</summary>
internal static class Attending
{
    /// <summary>ONNX 23 and 24: [batch, heads, rows, size], or [batch, rows, heads · size] with head counts as attributes.</summary>
    public static void Attention(InferenceContext c)
    {
        if (c.Shape(0) is not { } q || c.Shape(1) is not { } k || c.Shape(2) is not { } v) { Types(c, 3); return; }
        var (heads, kvHeads) = (c.Node.Int("q_num_heads", 0), c.Node.Int("kv_num_heads", 0));
        if (q.Rank == 4) c.Set(c.Type(0), new Shape([q[0], q[1], q[2], v[3]]));
        else c.Set(c.Type(0), new Shape([q[0], q[1], kvHeads > 0 && v[2].Value is { } all ? all / kvHeads * heads : Dim.Unknown]));
        foreach (var (output, source, past) in new[] { (1, k, 4), (2, v, 5) })
        {
            var rows = source.Rank == 4 ? source[2] : source[1];
            var total = c.Node.Input(past) is null ? rows : c.Shape(past)?[2].Value + rows.Value is { } sum ? sum : Dim.Unknown;
            var size = source.Rank == 4 ? source[3] : kvHeads > 0 && source[2].Value is { } width ? width / kvHeads : Dim.Unknown;
            c.Set(c.Type(output), new Shape([q[0], source.Rank == 4 ? source[1] : kvHeads, total, size]), output);
        }
        c.Set(c.Type(0), null, output: 3);
    }

    /// <summary>com.microsoft::MultiHeadAttention; keys and values as rows of hidden size, by head, or packed with the query.</summary>
    public static void MultiHead(InferenceContext c)
    {
        var heads = c.Node.Int("num_heads", 0);
        if (c.Shape(0) is not { } q || heads == 0) { Types(c, 3); return; }
        var value = c.Shape(2) ?? c.Shape(1);
        Dim hidden = q.Rank == 5 ? (q[2].Value * q[4].Value is { } packed ? packed : Dim.Unknown)
            : value is { Rank: 4 } v4 ? (v4[1].Value * v4[3].Value is { } byHead ? byHead : Dim.Unknown)
            : value is { Rank: 3 } ? value[2] : q[-1];
        c.Set(c.Type(0), new Shape([q[0], q[1], hidden]));
        var rows = value is { Rank: 4 } ? value[2] : value is { Rank: 3 } ? value[1] : q[1];
        var total = c.Node.Input(6) is null ? rows : c.Shape(6)?[2].Value + rows.Value is { } sum ? sum : Dim.Unknown;
        Dim size = hidden.Value is { } all ? all / heads : Dim.Unknown;
        Dim keySize = q.Rank == 3 && q[2].Value is { } width ? width / heads : size;
        c.Set(c.Type(0), new Shape([q[0], heads, total, keySize]), output: 1);
        c.Set(c.Type(0), new Shape([q[0], heads, total, size]), output: 2);
    }

    /// <summary>com.microsoft::GroupQueryAttention; without key and value the query holds all three.</summary>
    public static void Grouped(InferenceContext c)
    {
        var (heads, kvHeads) = (c.Node.Int("num_heads", 0), c.Node.Int("kv_num_heads", 0));
        if (c.Shape(0) is not { Rank: 3 } q || heads == 0) { Types(c, 3); return; }
        var packed = c.Node.Input(1) is null;
        Dim size = q[2].Value is { } width ? width / (packed ? heads + 2 * kvHeads : heads) : Dim.Unknown;
        c.Set(c.Type(0), new Shape([q[0], q[1], packed && size.Value is { } s ? s * heads : packed ? Dim.Unknown : q[2]]));
        foreach (var (output, past) in new[] { (1, 3), (2, 4) })
            c.Set(c.Node.Input(past) is null ? c.Type(0) : c.Type(past), new Shape([q[0], kvHeads, Dim.Unknown, size]), output);
    }

    /// <summary>com.microsoft::Attention, whose weights make query, key and value of equal width unless an attribute says otherwise.</summary>
    public static void Projected(InferenceContext c)
    {
        if (c.Shape(0) is not { Rank: 3 } x) { Types(c, 2); return; }
        Dim hidden = c.Node.Ints("qkv_hidden_sizes") is [_, _, var v] ? v : c.Shape(1)?[-1].Value is { } all ? all / 3 : Dim.Unknown;
        c.Set(c.Type(0), new Shape([x[0], x[1], hidden]));
        c.Set(c.Type(0), null, output: 1);
    }

    private static void Types(InferenceContext c, int outputs)
    {
        for (var i = 0; i < outputs; i++) c.Set(c.Type(0), null, i);
    }
}
