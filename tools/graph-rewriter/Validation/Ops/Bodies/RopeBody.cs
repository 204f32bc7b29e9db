namespace FlashRt.Validation.Ops;

/// <summary>Rotary embeddings in standard ops: slices, products, concatenation.</summary>
internal static class RopeBody
{
    public static void Write(Body b)
    {
        var x = Heads(b);
        long size = b.Call["X"].Shape.Length == 4 ? b.Call["X"].Last : b.Call["X"].Last / b.Call.Int("num_heads");
        var rotary = b.Call.Int("rotary_dim") is var r && r > 0 ? r : size;
        var interleaved = b.Call.Text("style") == "interleaved";
        string cos = Table(b, "cos", rotary, interleaved), sin = Table(b, "sin", rotary, interleaved);

        string Slice(string from, long begin, long end, long step = 1) => b.Op("Slice", from, b.Integers(begin), b.Integers(end), b.Integers(-1), b.Integers(step));
        var (first, second) = interleaved
            ? (Slice(x, 0, rotary, 2), Slice(x, 1, rotary, 2))
            : (Slice(x, 0, rotary / 2), Slice(x, rotary / 2, rotary));
        var left = b.Op("Sub", b.Multiply(first, cos), b.Multiply(second, sin));
        var right = b.Add(b.Multiply(second, cos), b.Multiply(first, sin));
        string y;
        if (interleaved)
        {
            var pairs = b.Op("Concat", [b.Op("Unsqueeze", left, b.Integers(-1)), b.Op("Unsqueeze", right, b.Integers(-1))], ("axis", -1L));
            y = b.Op("Reshape", pairs, b.Op("Concat", [b.Op("Shape", [first], ("end", -1L)), b.Integers(rotary)], ("axis", 0L)));
        }
        else
        {
            y = b.Op("Concat", [left, right], ("axis", -1L));
        }
        if (rotary < size)
            y = b.Op("Concat", [y, Slice(x, rotary, size)], ("axis", -1L));
        b.Output("Y", b.Rank("X") != 4 && b.Call.Text("output_layout") is ("same" or "merged")
            ? b.Op("Reshape", b.Op("Transpose", [y], ("perm", new long[] { 0, 2, 1, 3 })), b.Op("Shape", "X")) : AttentionBody.Ordered(b, y, "X"));
    }

    public static void Split(Body b)
    {
        var widths = RopeReference.Widths(b.Call).Select(w => w.Width).ToArray();
        var parts = b.Graph.Node("Split", ["qkv", b.Integers(widths)], [("axis", -1L)], ["q_part", "k_part", "v_part"]);
        foreach (var (name, part) in new[] { "Q", "K", "V" }.Zip(parts))
            b.Output(name, part);
    }

    // X as [B, N, S, D].
    private static string Heads(Body b)
    {
        if (b.Rank("X") == 4)
            return b.Call.Text("layout") == "BNSH" ? "X" : b.Op("Transpose", ["X"], ("perm", new long[] { 0, 2, 1, 3 }));
        var heads = b.Call.Int("num_heads");
        var x = b.Rank("X") == 2 ? b.Op("Unsqueeze", "X", b.Integers(0)) : "X";
        return b.Op("Transpose", [b.Op("Reshape", x, b.Integers(0, 0, heads, -1))], ("perm", new long[] { 0, 2, 1, 3 }));
    }

    // A table as [1 or B, 1, S, rotary / 2].
    private static string Table(Body b, string name, long rotary, bool interleaved)
    {
        var table = name;
        if (b.Call[name].Last == rotary)
            table = b.Op("Slice", table, b.Integers(0), b.Integers(interleaved ? rotary : rotary / 2), b.Integers(-1), b.Integers(interleaved ? 2 : 1));
        return b.Rank(name) switch
        {
            2 => b.Op("Unsqueeze", table, b.Integers(0, 1)),
            3 => b.Op("Unsqueeze", table, b.Integers(1)),
            _ => table,
        };
    }
}
