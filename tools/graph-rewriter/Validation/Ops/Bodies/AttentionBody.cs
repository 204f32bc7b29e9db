namespace FlashRt.Validation.Ops;

/// <summary>Attention in standard ops: two matrix products around a softmax, heads in front.</summary>
internal static class AttentionBody
{
    public static void Write(Body b)
    {
        OpTensor q = b.Call["Q"], k = b.Call["K"];
        var headMajor = b.Call.Text("layout") == "BNSH";
        var heads = q.Shape.Length == 4 ? q.Shape[headMajor ? 1 : 2] : b.Call.Int("num_heads");
        var size = q.Shape.Length == 4 ? q.Last : q.Last / heads;
        var kvHeads = k.Shape.Length == 4 ? k.Shape[headMajor ? 1 : 2] : b.Call.Int("num_kv_heads") is var n && n > 0 ? n : k.Last / size;

        string queries = Heads(b, "Q", heads, headMajor), keys = Repeated(b, Heads(b, "K", kvHeads, headMajor), heads / kvHeads);
        var values = Repeated(b, Heads(b, "V", kvHeads, headMajor), heads / kvHeads);
        var scale = b.Call.Float("scale") is var s && s > 0 ? s : 1 / Math.Sqrt(size);
        var logits = b.Multiply(b.Op("MatMul", queries, b.Op("Transpose", [keys], ("perm", new long[] { 0, 1, 3, 2 }))), b.Number(scale));
        if (b.Call.Float("softcap") is var cap && cap > 0)
            logits = b.Multiply(b.Op("Tanh", b.Op("Div", logits, b.Number(cap))), b.Number(cap));
        if (b.Has("bias"))
            logits = b.Add(logits, "bias");
        if (b.Has("mask"))
            logits = b.Op("Where", "mask", logits, b.Number(double.NegativeInfinity));
        var o = b.Op("MatMul", b.Op("Softmax", [logits], ("axis", -1L)), values);
        b.Output("O", Ordered(b, o, "Q"));
    }

    /// <summary>A result [B, N, S, D] in the axes that output_layout asks for, of an op whose first input is <paramref name="like"/>.</summary>
    public static string Ordered(Body b, string o, string like)
    {
        var layout = b.Call.Text("output_layout");
        if (layout == "same")
            layout = b.Rank(like) == 4 ? b.Call.Text("layout") : "merged";
        if (layout == "BNSH")
            return o;
        o = b.Op("Transpose", [o], ("perm", new long[] { 0, 2, 1, 3 }));
        if (layout == "BSNH")
            return o;
        if (layout == "rows")
            return b.Op("Flatten", [b.Op("Reshape", o, b.Integers(0, 0, -1))], ("axis", 2L));
        return b.Op("Reshape", o, b.Rank(like) != 2 ? b.Integers(0, 0, -1) : b.Op("Concat", [b.Op("Shape", [like], ("end", 1L)), b.Integers(-1)], ("axis", 0L)));
    }

    // An operand as [B, N, S, D].
    private static string Heads(Body b, string name, long heads, bool headMajor)
    {
        if (b.Rank(name) == 4)
            return headMajor ? name : b.Op("Transpose", [name], ("perm", new long[] { 0, 2, 1, 3 }));
        var x = b.Rank(name) == 2 ? b.Op("Unsqueeze", name, b.Integers(0)) : name;
        return b.Op("Transpose", [b.Op("Reshape", x, b.Integers(0, 0, heads, -1))], ("perm", new long[] { 0, 2, 1, 3 }));
    }

    // Each KV head for the query heads that share it.
    private static string Repeated(Body b, string x, long times)
    {
        if (times == 1)
            return x;
        var size = b.Op("Shape", x);
        string Axis(long from, long to) => b.Op("Slice", size, b.Integers(from), b.Integers(to));
        var wide = b.Op("Expand", b.Op("Unsqueeze", x, b.Integers(2)), b.Op("Concat", [Axis(0, 2), b.Integers(times), Axis(2, 4)], ("axis", 0L)));
        return b.Op("Reshape", wide, b.Op("Concat", [Axis(0, 1), b.Integers(-1), Axis(2, 4)], ("axis", 0L)));
    }
}
