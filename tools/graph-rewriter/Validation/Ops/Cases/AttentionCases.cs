namespace FlashRt.Validation.Ops;

/// <summary>Cases of attention.</summary>
internal static class AttentionCases
{
    // batch, queries, keys, query heads, KV heads, channels
    private static readonly (string Why, long B, long Sq, long Sk, long Hq, long Hk, long D)[] Sizes =
    [
        ("one of everything", 1, 1, 1, 1, 1, 8),
        ("odd sizes", 2, 7, 13, 3, 3, 20),
        ("grouped heads", 1, 9, 33, 4, 2, 64),
        ("one KV head, heads of 256 (Gemma)", 1, 5, 21, 4, 1, 256),
        ("heads of 72 (SigLIP)", 2, 17, 17, 2, 2, 72),
        ("decode: one query, many keys", 1, 1, 1031, 4, 2, 48),
        ("more keys than a tile, odd", 1, 65, 129, 2, 1, 32),
    ];

    public static CaseTable Attention()
    {
        var table = new CaseTable("Attention")
            .Call("four axes", "Q K V")
            .Call("four axes with lse", "Q K V", "O lse")
            .Call("heads before tokens", "Q K V", "O lse", ("layout", "BNSH"))
            .Call("causal", "Q K V", "O lse", ("causal", 1))
            .Call("sliding window, causal", "Q K V", null, ("causal", 1), ("window", 4))
            .Call("window alone", "Q K V", null, ("window", 3))
            .Call("scale and soft cap", "Q K V", null, ("scale", 0.3), ("softcap", 5.0))
            .Call("bias", "Q K V bias")
            .Call("mask", "Q K V mask")
            .Call("bias and mask, causal", "Q K V bias mask", "O lse", ("causal", 1))
            .Call("valid keys", "Q K V kv_length", "O lse")
            .Call("valid keys, causal", "Q K V kv_length", null, ("causal", 1))
            .Call("valid keys in a cache, heads before tokens", "Q K V kv_length", null, ("causal", 1), ("layout", "BNSH"))
            .Call("sinks", "Q K V sink", "O lse")
            .Call("heads before tokens, merged result", "Q K V", null, ("layout", "BNSH"), ("output_layout", "merged"))
            .Call("heads before tokens, rows in the result", "Q K V", null, ("layout", "BNSH"), ("output_layout", "rows"))
            .Call("heads before tokens, tokens first in the result", "Q K V", null, ("layout", "BNSH"), ("output_layout", "BSNH"))
            .Call("tokens first, heads first in the result", "Q K V mask", null, ("output_layout", "BNSH"), ("empty_row", "nan"))
            .Call("everything", "Q K V bias mask kv_length first_row_length sink", "O lse", ("causal", 1), ("window", 6), ("softcap", 8.0));
        foreach (var size in Sizes)
            table.With(size.Why, d => Four(d, size), d => d.Int("num_heads") == 0 && d.Signature.Inputs.Contains("K"));

        // Merged heads, as the seed catalog's kernels take them.
        table
            .Call("merged heads, multi-head", "Q K V", null, ("num_heads", 2))
            .Call("merged heads, one KV head", "Q K V", null, ("num_heads", 4), ("num_kv_heads", 1))
            .Call("merged heads, one KV head, first row sees less", "Q K V first_row_length", null, ("num_heads", 4), ("num_kv_heads", 1))
            .Call("merged heads, rows in the result", "Q K V", null, ("num_heads", 2), ("output_layout", "rows"))
            .Call("merged heads, heads first in the result", "Q K V", null, ("num_heads", 2), ("output_layout", "BNSH"))
            .Call("packed", "Q", null, ("num_heads", 3))
            .Call("packed, grouped", "Q", "O lse", ("num_heads", 4), ("num_kv_heads", 2));
        foreach (var (why, sq, sk, d0) in new (string, long, long, long)[] { ("even keys", 6, 32, 24), ("odd keys", 5, 27, 24), ("more than 1024 keys", 3, 1029, 16), ("one query", 1, 9, 40) })
            table.With(why, d => Merged(d, [], sq, sk, d0), d => d.Int("num_heads") > 0);
        table.With("a batch", d => Merged(d, [3], 4, 11, 16), d => d.Int("num_heads") > 0);
        return table
            .Special("keys past the valid ones are NaN", d => Garbage(Four(d, (null!, 2, 3, 12, 2, 2, 16))), d => d.Int("num_heads") == 0 && d.Signature.Inputs.Contains("kv_length"))
            .Special("rows that see no key are what empty_row says", d => Blind(Four(d, (null!, 1, 4, 6, 2, 2, 16))), d => d.Int("num_heads") == 0 && d.Signature.Inputs.Contains("mask"));
    }

    private static Dictionary<string, OpTensor> Four(Data d, (string Why, long B, long Sq, long Sk, long Hq, long Hk, long D) s)
    {
        var headMajor = d.Text("layout") == "BNSH";
        long[] Shape(long tokens, long heads) => headMajor ? [s.B, heads, tokens, s.D] : [s.B, tokens, heads, s.D];
        var operands = new Dictionary<string, OpTensor> { ["Q"] = d.Normal(Shape(s.Sq, s.Hq)), ["K"] = d.Normal(Shape(s.Sk, s.Hk)), ["V"] = d.Normal(Shape(s.Sk, s.Hk)) };
        Scores(d, operands, s.B, s.Sq, s.Sk, s.Hq);
        return operands;
    }

    private static Dictionary<string, OpTensor> Merged(Data d, long[] batch, long sq, long sk, long size)
    {
        long heads = d.Int("num_heads"), kv = d.Int("num_kv_heads") is var n && n > 0 ? n : heads;
        var operands = d.Signature.Inputs.Contains("K")
            ? new Dictionary<string, OpTensor> { ["Q"] = d.Normal([.. batch, sq, heads * size]), ["K"] = d.Normal([.. batch, sk, kv * size]), ["V"] = d.Normal([.. batch, sk, kv * size]) }
            : new Dictionary<string, OpTensor> { ["Q"] = d.Normal([.. batch, sk, (heads + 2 * kv) * size]) };
        Scores(d, operands, batch.Length == 0 ? 1 : batch[0], sq, sk, heads);
        return operands;
    }

    private static void Scores(Data d, Dictionary<string, OpTensor> operands, long b, long sq, long sk, long heads)
    {
        operands["bias"] = d.Normal([1, heads, sq, sk]);
        // Every row sees a key: the last one, which causality leaves visible to the last query only, and the first.
        operands["mask"] = d.Integers([b, 1, sq, sk], 0, 3, ElementType.Bool) is var mask
            ? mask with { Values = [.. mask.Values.Select((v, i) => v > 0 || i % sk == 0 ? 1.0 : 0)] }
            : mask;
        operands["kv_length"] = new OpTensor(ElementType.Int64, [b], [.. Enumerable.Range(0, (int)b).Select(i => (double)Math.Max(1, sk - 2 - i))]);
        operands["first_row_length"] = d.Integers([1], Math.Max(1, sk / 2), Math.Max(1, sk / 2), ElementType.Int64);
        operands["sink"] = d.Normal([heads]);
    }

    // Keys and values that kv_length leaves out must not matter, whatever they hold.
    private static Dictionary<string, OpTensor> Garbage(Dictionary<string, OpTensor> operands)
    {
        var lengths = operands["kv_length"].Values;
        foreach (var name in new[] { "K", "V" })
        {
            var t = operands[name];
            var headMajor = t.Shape[1] == 2;
            long tokens = t.Shape[headMajor ? 2 : 1], heads = t.Shape[headMajor ? 1 : 2], size = t.Last;
            operands[name] = t with
            {
                Values = [.. t.Values.Select((v, i) =>
                {
                    var token = headMajor ? i / size % tokens : i / size / heads % tokens;
                    return token >= lengths[i / (tokens * heads * size)] ? double.NaN : v;
                })],
            };
        }
        return operands;
    }

    private static Dictionary<string, OpTensor> Blind(Dictionary<string, OpTensor> operands)
    {
        var mask = operands["mask"];
        operands["mask"] = mask with { Values = [.. mask.Values.Select((v, i) => i / mask.Last == 1 ? 0 : v)] };
        return operands;
    }
}
