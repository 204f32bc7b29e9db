namespace FlashRt.Validation.Ops;

/// <summary>Cases of the quantisers and their inverses.</summary>
internal static class QuantizeCases
{
    // The catalog's vectors for q8: ties, saturation, subnormals, zeros, infinities, NaN.
    private static readonly double[] Float8Vectors =
    [
        0, -0.0, 1, -1, 448, -448, 464, -464, 463, 465, 500, 1e4, -1e4, double.PositiveInfinity, double.NegativeInfinity, double.NaN,
        Math.ScaleB(1, -9), Math.ScaleB(1, -10), 3 * Math.ScaleB(1, -10), Math.ScaleB(1, -6), 17, 19, -17, 0.0146484375,
    ];

    public static CaseTable QuantizeFp8()
    {
        var table = new CaseTable("QuantizeFp8")
            .Call("static", "X scale")
            .Call("static, scale passed on", "X scale", "Y scale_out")
            .Call("dynamic", "X", "Y scale_out", ("dynamic", 1))
            .Call("dynamic, scale left out", "X", "Y", ("dynamic", 1))
            .Call("conversion only", "X");
        foreach (var (why, shape) in RowShapes.All)
            table.With(why, d => Of(d, d.Normal(shape, 3), 0.0127));
        return table
            .With("several blocks of a reduction", d => Of(d, d.Normal([3, 50021], 3), 0.02))
            .Special("no elements", d => Of(d, d.Normal([0, 8]), 1))
            .Special("the catalog's vectors at scale 1", d => Of(d, d.Cycle([3, Float8Vectors.Length], Float8Vectors), 1), NotInfinite)
            .Special("saturation", d => Of(d, d.Normal([5, 33], 100), 1e-3))
            .Special("zero scale is floored", d => Of(d, d.Normal([5, 33]), 0))
            .Special("subnormal codes", d => Of(d, d.Normal([5, 33], 0.01), 1))
            .Special("all zero: the dynamic scale is floored", d => Of(d, d.Constant([4, 5], 0), 1))
            .Special("NaN does not count for the dynamic scale", d => Of(d, d.Cycle([3, 5], [1, double.NaN, -7, 0.5, 2]), 0.25));

        static Dictionary<string, OpTensor> Of(Data d, OpTensor x, double scale) => new() { ["X"] = x, ["scale"] = d.Scale(scale) };

        // With an infinite element the dynamic scale is infinite and the codes are not specified.
        static bool NotInfinite(Data d) => !Equals(d.Signature.Attribute("dynamic"), 1L);
    }

    public static CaseTable DequantizeFp8() => new CaseTable("DequantizeFp8")
        .Call("by type", "X scale")
        .With("every code", d => new Dictionary<string, OpTensor> { ["X"] = AllCodes(), ["scale"] = d.Scale(1) })
        .With("odd count", d => new Dictionary<string, OpTensor> { ["X"] = d.Normal([3, 41], 50, 0, ElementType.Float8E4M3), ["scale"] = d.Scale(0.013) })
        .Special("overflow of half precision", d => new Dictionary<string, OpTensor> { ["X"] = AllCodes(), ["scale"] = d.Scale(1000) })
        .Special("no elements", d => new Dictionary<string, OpTensor> { ["X"] = d.Normal([0, 4], 1, 0, ElementType.Float8E4M3), ["scale"] = d.Scale(1) })
        .Special("NaN", d => new Dictionary<string, OpTensor> { ["X"] = d.Cycle([3], [double.NaN, 1, -448], ElementType.Float8E4M3), ["scale"] = d.Scale(0.5) });

    public static CaseTable QuantizeNvfp4() => new CaseTable("QuantizeNvfp4")
        .Call("linear", "X")
        .Call("swizzled", "X", null, ("layout", "swizzled"))
        .With("one block", d => X(d.Normal([1, 16])))
        .With("part of a block", d => X(d.Normal([3, 6])))
        .With("blocks and a part of one", d => X(d.Normal([5, 122])))
        .With("more than one scale tile in both directions", d => X(d.Normal([2, 67, 128])))
        .With("rows past the second tile", d => X(d.Normal([259, 80])))
        .With("exact midpoints go away from zero", d => X(d.Cycle([2, 16], [6, 0.25, -0.25, 0.75, -0.75, 1.25, -1.25, 1.75, -1.75, 2.5, -2.5, 3.5, -3.5, 5, -5, 0])))
        .Special("all zero", d => X(d.Constant([2, 32], 0)))
        .Special("tiny values: the smallest scale", d => X(d.Normal([2, 32], 1e-6)))
        .Special("scales above 448 saturate", d => X(d.Normal([2, 48], 9000)))
        .Special("block maxima whose scales are exact or just above", d => X(d.Cycle([4, 16], [6, 6.75, 1440, 1800, 0.09, 0.0938])))
        .Special("no rows", d => X(d.Normal([0, 32])));

    public static CaseTable DequantizeNvfp4() => new CaseTable("DequantizeNvfp4")
        .Call("linear", "packed scales")
        .Call("swizzled", "packed scales", null, ("layout", "swizzled"))
        .With("every element code and many scales", d => Packed(d, [16, 128]))
        .With("part of a block", d => Packed(d, [3, 11]))
        .With("two tiles each way", d => Packed(d, [2, 65, 40]))
        .Special("no rows", d => Packed(d, [0, 16]));

    public static CaseTable QuantizeInt8()
    {
        var table = new CaseTable("QuantizeInt8")
            .Call("for each token", "X", "Y scale_out")
            .Call("for the tensor", "X", "Y scale_out", ("granularity", "tensor"))
            .Call("static for the tensor", "X scale", null, ("granularity", "tensor"));
        foreach (var (why, shape) in RowShapes.All)
            table.With(why, d => Scaled(d, d.Normal(shape, 3), 0.03));
        return table
            .With("halves round to even", d => Scaled(d, d.Cycle([2, 9], [127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5, -127]), 1))
            .Special("saturation", d => Scaled(d, d.Normal([4, 33], 100), 0.1))
            .Special("a row of zeros", d => Scaled(d, d.Constant([3, 8], 0), 1))
            .Special("zero scale is floored", d => Scaled(d, d.Normal([3, 8]), 0))
            .Special("no rows", d => Scaled(d, d.Normal([0, 8]), 1));

        static Dictionary<string, OpTensor> Scaled(Data d, OpTensor x, double scale) => new() { ["X"] = x, ["scale"] = d.Scale(scale) };
    }

    private static Dictionary<string, OpTensor> X(OpTensor x) => new() { ["X"] = x };

    private static OpTensor AllCodes() =>
        new(ElementType.Float8E4M3, [2, 127], [.. Enumerable.Range(0, 127).Select(c => Float8.Decode((byte)c)), .. Enumerable.Range(128, 127).Select(c => Float8.Decode((byte)c))]);

    private static Dictionary<string, OpTensor> Packed(Data d, long[] shape)
    {
        long rows = OpTensor.CountOf(shape[..^1]), cols = 2 * shape[^1];
        long[] scales = d.Text("layout") == "swizzled" ? [Nvfp4.SwizzledSize(rows, cols)] : [.. shape[..^1], Nvfp4.Blocks(cols)];
        return new() { ["packed"] = d.Integers(shape, 0, 255, ElementType.Uint8), ["scales"] = d.Integers(scales, 0x28, 0x48, ElementType.Uint8) };
    }
}
