namespace FlashRt.Validation.Ops;

/// <summary>Cases of rotary embeddings and QKV splits.</summary>
internal static class RopeCases
{
    public static CaseTable RotaryEmbedding()
    {
        var table = new CaseTable("RotaryEmbedding");
        foreach (var style in new[] { "rotate_half", "interleaved" })
            table
                .Call($"{style}, four axes", "X cos sin", null, ("style", style))
                .Call($"{style}, heads before tokens", "X cos sin", null, ("style", style), ("layout", "BNSH"))
                .Call($"{style}, merged heads", "X cos sin", null, ("style", style), ("num_heads", 4))
                .Call($"{style}, heads brought before tokens", "X cos sin", null, ("style", style), ("output_layout", "BNSH"))
                .Call($"{style}, tokens brought before heads and merged", "X cos sin", null, ("style", style), ("layout", "BNSH"), ("output_layout", "merged"))
                .Call($"{style}, tokens brought before heads", "X cos sin", null, ("style", style), ("layout", "BNSH"), ("output_layout", "BSNH"))
                .Call($"{style}, tokens brought before heads, rows in the result", "X cos sin", null, ("style", style), ("layout", "BNSH"), ("output_layout", "rows"))
                .Call($"{style}, merged heads taken apart", "X cos sin", null, ("style", style), ("num_heads", 4), ("output_layout", "BNSH"))
                .Call($"{style}, part of a head", "X cos sin", null, ("style", style), ("rotary_dim", 16));
        foreach (var (why, leading, heads, size) in new (string, long[], long, long)[]
                 {
                     ("one token", [1, 1], 1, 32), ("odd everything", [2, 7], 3, 34), ("heads of 128", [1, 9], 4, 128), ("heads of 72", [2, 5], 4, 72),
                     ("heads of 256", [1, 3], 4, 256),
                 })
        {
            table.With($"{why}, table [S, W]", d => Heads(d, leading, heads, size, t => [t[1]], half: false), Fits);
            table.With($"{why}, half table [S, W/2]", d => Heads(d, leading, heads, size, t => [t[1]], half: true), Fits);
            bool Fits(Data d) => d.Int("num_heads") == 0 || heads == 4;
        }
        return table
            .With("a table for each batch, [B, S, W]", d => Heads(d, [3, 4], 4, 32, t => t, half: false))
            .With("a table for each batch, [B, 1, S, W/2]", d => Heads(d, [3, 4], 4, 32, t => [t[0], 1, t[1]], half: true))
            .With("one table with a batch axis, [1, S, W]", d => Heads(d, [3, 4], 4, 32, t => [1, t[1]], half: false))
            .With("positions far out", d => Heads(d, [1, 5], 4, 64, t => [t[1]], half: false, first: 5000))
            .With("rank 2", d => Flatten(Heads(d, [1, 6], 4, 40, t => [t[1]], half: false)), d => d.Int("num_heads") > 0)
            .Special("no tokens", d => Heads(d, [1, 0], 4, 32, t => [t[1]], half: false))
            .Special("NaN stays within its pair", d => Poison(Heads(d, [1, 4], 4, 32, t => [t[1]], half: false)));
    }

    public static CaseTable QkvSplit() => new CaseTable("QkvSplit")
        .Call("grouped heads", "qkv", null, ("q_dim", 64), ("k_dim", 16), ("v_dim", 16))
        .Call("odd widths", "qkv", null, ("q_dim", 7), ("k_dim", 3), ("v_dim", 5))
        .Call("wide", "qkv", null, ("q_dim", 1152), ("k_dim", 1152), ("v_dim", 1152))
        .With("one row", d => Merged(d, [1]))
        .With("odd rows", d => Merged(d, [13]))
        .With("rank 3", d => Merged(d, [2, 5]))
        .Special("no rows", d => Merged(d, [0]))
        .Special("NaN and infinities pass", d => new Dictionary<string, OpTensor> { ["qkv"] = d.Cycle([3, Width(d)], [double.NaN, double.PositiveInfinity, -0.0, 1]) });

    public static CaseTable QkvSplitRope() => Split(new CaseTable("QkvSplitRope"), "qkv cos sin", "qkv cos sin q_norm k_norm");

    public static CaseTable QkvSplitRopeKvCache() => Split(new CaseTable("QkvSplitRopeKvCache"),
        "qkv cos sin k_cache v_cache position", "qkv cos sin k_cache v_cache position q_norm k_norm");

    public static CaseTable KvCacheWrite() => new CaseTable("KvCacheWrite")
        .Call("tokens before heads", "cache X position")
        .Call("heads before tokens", "cache X position", null, ("layout", "BNSH"))
        .With("one token", d => Cache(d, 1, 1, 4, 32, 9, merged: false))
        .With("one token of merged heads", d => Cache(d, 1, 1, 2, 64, 5, merged: true))
        .With("odd everything", d => Cache(d, 3, 5, 3, 17, 11, merged: false))
        .With("a batch of merged heads", d => Cache(d, 2, 4, 3, 24, 8, merged: true))
        .Special("no tokens", d => Cache(d, 1, 0, 2, 8, 4, merged: false));

    private static Dictionary<string, OpTensor> Cache(Data d, long batch, long tokens, long heads, long size, long rows, bool merged)
    {
        long[] Shape(long count) => d.Text("layout") == "BNSH" ? [batch, heads, count, size] : [batch, count, heads, size];
        return new()
        {
            ["cache"] = d.Normal(Shape(rows)),
            ["X"] = d.Normal(merged ? [batch, tokens, heads * size] : Shape(tokens)),
            ["position"] = d.Integers([1], 3, 3, ElementType.Int64),
        };
    }

    private static CaseTable Split(CaseTable table, string plain, string norms) => table
        .Call("one KV head, pairs interleaved", plain, null, ("style", "interleaved"), ("q_dim", 96), ("k_dim", 24), ("v_dim", 24), ("head_dim", 24))
        .Call("grouped heads, rotate half", plain, null, ("q_dim", 128), ("k_dim", 64), ("v_dim", 64), ("head_dim", 32))
        .Call("QK norm", norms, null, ("q_dim", 128), ("k_dim", 64), ("v_dim", 64), ("head_dim", 32))
        .Call("QK norm, interleaved, part of a head", norms, null, ("style", "interleaved"), ("q_dim", 80), ("k_dim", 40), ("v_dim", 40), ("head_dim", 40), ("rotary_dim", 12))
        .Call("q_norm alone", plain + " q_norm", null, ("q_dim", 68), ("k_dim", 34), ("v_dim", 17), ("head_dim", 34), ("epsilon", 1e-5))
        .With("one token", d => Rotated(d, [1], half: false))
        .With("several tokens, half tables", d => Rotated(d, [7], half: true))
        .With("a batch", d => Rotated(d, [2, 5], half: false))
        .Special("no tokens", d => Rotated(d, [0], half: false));

    private static long Width(Data d) => d.Int("q_dim") + d.Int("k_dim") + d.Int("v_dim");

    private static Dictionary<string, OpTensor> Merged(Data d, long[] rows) => new() { ["qkv"] = d.Normal([.. rows, Width(d)]) };

    private static Dictionary<string, OpTensor> Rotated(Data d, long[] rows, bool half)
    {
        long size = d.Int("head_dim"), rotary = d.Int("rotary_dim") is var r && r > 0 ? r : size, total = rows[^1] + 4;
        var operands = Merged(d, rows);
        (operands["cos"], operands["sin"]) = d.RotaryTables([rows[^1]], rotary, half, d.Text("style") == "interleaved");
        operands["q_norm"] = d.Uniform([size], 0.5, 1.5);
        operands["k_norm"] = d.Uniform([size], 0.5, 1.5);
        operands["k_cache"] = d.Normal([.. rows[..^1], total, d.Int("k_dim")]);
        operands["v_cache"] = d.Normal([.. rows[..^1], total, d.Int("v_dim")]);
        operands["position"] = d.Integers([1], 3, 3, ElementType.Int64);
        return operands;
    }

    private static Dictionary<string, OpTensor> Heads(Data d, long[] leading, long heads, long size, Func<long[], long[]> table, bool half, double first = 0)
    {
        var rotary = d.Int("rotary_dim") is var r && r > 0 ? r : size;
        var (cos, sin) = d.RotaryTables(table(leading), rotary, half, d.Text("style") == "interleaved", first);
        long[] shape = d.Int("num_heads") > 0 ? [.. leading, heads * size]
            : d.Text("layout") == "BNSH" ? [leading[0], heads, leading[1], size] : [.. leading, heads, size];
        return new() { ["X"] = d.Normal(shape), ["cos"] = cos, ["sin"] = sin };
    }

    private static Dictionary<string, OpTensor> Flatten(Dictionary<string, OpTensor> operands)
    {
        operands["X"] = operands["X"].Reshape(operands["X"].Shape[1..]);
        return operands;
    }

    private static Dictionary<string, OpTensor> Poison(Dictionary<string, OpTensor> operands)
    {
        double[] values = [.. operands["X"].Values];
        values[5] = double.NaN;
        operands["X"] = operands["X"] with { Values = values };
        return operands;
    }
}
