namespace FlashRt.Validation.Ops;

/// <summary>Cases of the ops that move elements.</summary>
internal static class MemoryCases
{
    private static readonly double[] Bits = [1, double.NaN, double.PositiveInfinity, -0.0, double.NegativeInfinity, -2.5];

    public static CaseTable Copy()
    {
        var table = new CaseTable("Copy").Call("plain", "X");
        foreach (var (why, shape) in RowShapes.All)
            table.With(why, d => Of("X", Any(d, shape)));
        return table.Special("no elements", d => Of("X", Any(d, [0, 4]))).Special("a scalar", d => Of("X", Any(d, [])));
    }

    public static CaseTable CastFloat16()
    {
        var table = new CaseTable("CastFloat16").Call("plain", "X");
        foreach (var (why, shape) in RowShapes.All)
            table.With(why, d => Of("X", d.Normal(shape, 100)));
        return table
            .Special("ties, overflow, subnormals, NaN", d => Of("X", d.Cycle([2, 9], [65504, 65519, 65520, -1e9, 1 + Math.ScaleB(1, -11), 1 + 3 * Math.ScaleB(1, -11), 1e-7, 3e-8, double.NaN])))
            .Special("no elements", d => Of("X", d.Normal([0, 4])));
    }

    public static CaseTable FillNegInf() => new CaseTable("FillNegInf").Call("plain", "X")
        .With("odd", d => Of("X", d.Normal([5, 123])))
        .With("one element", d => Of("X", d.Normal([1])))
        .With("a scalar", d => Of("X", d.Normal([])))
        .Special("no elements", d => Of("X", d.Normal([0, 4])));

    public static CaseTable StridedCopy() => new CaseTable("StridedCopy")
        .Call("from the first column", "src", null, ("dst_cols", 5))
        .Call("in the middle, unaligned", "src", null, ("dst_cols", 8), ("col_offset", 3))
        .Call("aligned", "src", null, ("dst_cols", 32), ("col_offset", 16))
        .Call("all columns", "src", null, ("dst_cols", 48))
        .With("one row", d => Of("src", d.Normal([1, 48])))
        .With("odd rows", d => Of("src", d.Normal([13, 48])))
        .With("rank 3", d => Of("src", d.Normal([2, 3, 48])))
        .Special("bits pass", d => Of("src", d.Cycle([2, 48], Bits)))
        .Special("no rows", d => Of("src", d.Normal([0, 48])));

    public static CaseTable RepeatInterleaveHeads() => new CaseTable("RepeatInterleaveHeads")
        .Call("twice", "src", null, ("num_heads", 4), ("repeat", 2))
        .Call("one head for all", "src", null, ("num_heads", 1), ("repeat", 5))
        .Call("once", "src", null, ("num_heads", 2), ("repeat", 1))
        .With("heads of 16", d => Of("src", d.Normal([3, 16 * d.Int("num_heads")])))
        .With("heads of 5", d => Of("src", d.Normal([7, 5 * d.Int("num_heads")])))
        .With("rank 3", d => Of("src", d.Normal([2, 3, 8 * d.Int("num_heads")])))
        .Special("bits pass", d => Of("src", d.Cycle([2, 6 * d.Int("num_heads")], Bits)))
        .Special("no rows", d => Of("src", d.Normal([0, 8 * d.Int("num_heads")])));

    public static CaseTable PatchIm2col() => new CaseTable("PatchIm2col")
        .Call("patches of 14", "X")
        .Call("patches of 2", "X", null, ("patch_size", 2))
        .Call("patches of one pixel", "X", null, ("patch_size", 1))
        .Call("as a convolution reads", "X", null, ("layout", "NCHW"), ("patch_order", "CHW"))
        .Call("as a convolution reads, patches of 2, by image", "X", null, ("patch_size", 2), ("layout", "NCHW"), ("patch_order", "CHW"), ("output_layout", "images"))
        .Call("channels moved to the end", "X", null, ("patch_size", 7), ("layout", "NCHW"))
        .Call("channels moved to the front, by image", "X", null, ("patch_size", 7), ("patch_order", "CHW"), ("output_layout", "images"))
        .With("two images, three channels", d => Of("X", d.Normal(Images(d, [2], 28, 42, 3))))
        .With("one channel", d => Of("X", d.Normal(Images(d, [1], 14, 28, 1))))
        .With("views of a batch", d => Of("X", d.Normal(Images(d, [2, 3], 14, 28, 2))))
        .With("one image", d => Of("X", d.Normal(Images(d, [], 28, 14, 3))))
        .Special("bits pass", d => Of("X", d.Cycle(Images(d, [1], 14, 14, 5), Bits)))
        .Special("no images", d => Of("X", d.Normal(Images(d, [0], 28, 28, 3))));

    private static long[] Images(Data d, long[] views, long height, long width, long channels) =>
        d.Text("layout") == "NCHW" ? [.. views, channels, height, width] : [.. views, height, width, channels];

    public static CaseTable EulerStep() => new CaseTable("EulerStep")
        .Call("forward", "actions velocity", null, ("dt", 0.25))
        .Call("backward, past the state row", "actions velocity", null, ("dt", -0.1), ("velocity_offset", 32))
        .With("chunk of actions", d => Step(d, [10, 32]))
        .With("odd", d => Step(d, [3, 11]))
        .Special("no actions", d => Step(d, [0, 32]))
        .Special("NaN", d => new Dictionary<string, OpTensor> { ["actions"] = d.Cycle([4, 3], Bits, ElementType.Float32), ["velocity"] = d.Cycle([48], Bits) });

    private static Dictionary<string, OpTensor> Step(Data d, long[] shape) => new()
    {
        ["actions"] = d.Normal(shape, 1, 0, ElementType.Float32),
        ["velocity"] = d.Normal([shape[0] + 3, 32]),
    };

    // Values of any type: random ones, and for floats those whose bits are special.
    internal static OpTensor Any(Data d, long[] shape) => d.T switch
    {
        ElementType.Float32 or ElementType.Float16 or ElementType.BFloat16 => d.Cycle(shape, [.. Bits, .. d.Normal([97]).Values]),
        ElementType.Float8E4M3 => d.Normal(shape, 50),
        ElementType.Bool => d.Integers(shape, 0, 1, d.T),
        ElementType.Int8 => d.Integers(shape, -128, 127, d.T),
        ElementType.Uint8 => d.Integers(shape, 0, 255, d.T),
        _ => d.Integers(shape, -1_000_000, 1_000_000, d.T),
    };

    private static Dictionary<string, OpTensor> Of(string name, OpTensor tensor) => new() { [name] = tensor };
}
