namespace FlashRt.GraphRewriter.Ir.Inference;

/// <summary>com.flashrt operators on heads, whose result may have another order of axes than their input.</summary>
internal static class FusedHeads
{
    public static void RotaryEmbedding(InferenceContext c) => Set(c, c.Node.Int("num_heads", 0), width: null);

    public static void Attention(InferenceContext c)
    {
        long heads = c.Node.Int("num_heads", 0), own = c.Node.Int("num_kv_heads", 0) is > 0 and var n ? n : heads;
        Dim width = c.Node.Input(1) is null ? Over(c.Shape(0)?[-1] ?? Dim.Unknown, heads + 2 * own)
            : c.Shape(2) is { Rank: 4 } v ? v[3] : Over(c.Shape(2)?[-1] ?? Dim.Unknown, own);
        Set(c, heads, width);
    }

    /// <summary>The rows of the input, with columns that attributes give.</summary>
    public static void QkvSplit(InferenceContext c)
    {
        foreach (var (output, width) in new[] { "q_dim", "k_dim", "v_dim" }.Index())
            c.Set(c.Type(0), c.Shape(0) is { Rank: > 0 } rows ? new Shape([.. rows.Take(rows.Rank - 1), (Dim)c.Node.Int(width, 0)]) : null, output);
    }

    // The first input's axes, or those that output_layout names; width is the size of a head where it is not the input's.
    private static void Set(InferenceContext c, long numHeads, Dim? width)
    {
        if (c.Shape(0) is not { Rank: >= 2 and <= 4 } x) { c.Set(c.Type(0), null); return; }
        bool split = x.Rank == 4, headsFirst = c.Node.Text("layout", "BSNH") == "BNSH";
        var heads = split ? x[headsFirst ? 1 : 2] : numHeads;
        var tokens = split ? x[headsFirst ? 2 : 1] : x[-2];
        var size = width ?? (split ? x[3] : Over(x[-1], numHeads));
        var merged = heads.Value * size.Value is { } all ? all : width is null && !split ? x[-1] : Dim.Unknown;
        var layout = c.Node.Text("output_layout", "same");
        Dim batch = x.Rank == 2 ? 1 : x[0];
        c.Set(c.Type(0), layout switch
        {
            "rows" => new Shape([batch.Value == 1 ? tokens : batch.Value * tokens.Value is { } rows ? rows : Dim.Unknown, merged]),
            "same" or "merged" when x.Rank == 2 => new Shape([tokens, merged]),
            "merged" => new Shape([batch, tokens, merged]),
            "same" when !split => new Shape([batch, tokens, merged]),
            _ => layout == "BNSH" || (layout == "same" && headsFirst) ? new Shape([batch, heads, tokens, size]) : new Shape([batch, tokens, heads, size]),
        });
    }

    private static Dim Over(Dim size, long parts) => parts > 0 && size.Value is { } n ? n / parts : Dim.Unknown;
}
