namespace FlashRt.GraphRewriter.Ir.Inference;

/// <summary>Reductions, whose axes are an input since opset 18 and an attribute before.</summary>
internal static class Reduction
{
    public static void Reduce(InferenceContext c)
    {
        if (c.Shape(0) is not { } shape || (c.Node.Input(1) is { } v && v.Constant is null)) { c.Set(c.Type(0), null); return; }
        var axes = Axes(c.Node, shape.Rank);
        c.Set(c.Type(0), Without(shape, axes, keep: c.Node.Int("keepdims", 1) != 0));
    }

    public static void Arg(InferenceContext c) => c.Set(DataType.Int64, c.Shape(0) is { } s
        ? Without(s, [c.Axis(c.Node.Int("axis", 0), s.Rank)], c.Node.Int("keepdims", 1) != 0) : null);

    /// <summary>The axes a reduction runs over, none negative.</summary>
    public static int[] Axes(Node node, int rank)
    {
        var axes = node.Input(1) is { } value ? value.Integers : node.Ints("axes");
        if (axes is null or { Length: 0 }) return node.Int("noop_with_empty_axes", 0) != 0 ? [] : [.. Enumerable.Range(0, rank)];
        return [.. axes.Select(a => (int)(a < 0 ? a + rank : a))];
    }

    private static Shape Without(Shape shape, int[] axes, bool keep) => keep
        ? new Shape([.. shape.Select((d, i) => axes.Contains(i) ? 1 : d)])
        : new Shape([.. shape.Where((_, i) => !axes.Contains(i))]);
}
