namespace FlashRt.Validation.Ops;

/// <summary>FP8, NVFP4 and INT8 quantisers and their inverses.</summary>
internal static class QuantizeReference
{
    /// <summary>The FP8 form of an output. Values stay as they are before the conversion, so that noise around a code boundary is visible.</summary>
    public static Expected Quantized(Expected result, double? scale)
    {
        var factor = scale is { } s ? 1 / Math.Max(s, (double)1e-12f) : 1;
        return new Expected(ElementType.Float8E4M3, result.Shape, [.. result.Values.Select(v => Float8.Scaled(v, scale))],
            [.. result.Values.Select((_, i) => result.NoiseOf(i) * factor)]);
    }

    private static Expected Quantized(OpTensor x, double? scale) => Quantized(new Expected(x.Type, x.Shape, x.Values, new double[x.Count]), scale);

    public static IReadOnlyList<Expected> QuantizeFp8(OpCall call)
    {
        var x = call["X"];
        var scale = call.Scalar("scale");
        if (call.Int("dynamic") == 1)
            scale = DynamicScale(x.Values, Float8.Largest);
        return [Quantized(x, scale), new Expected(ElementType.Float32, [1], [Math.Max(scale ?? 1, 1e-12f)])];
    }

    public static IReadOnlyList<Expected> DequantizeFp8(OpCall call)
    {
        var x = call["X"];
        var scale = call.Scalar("scale")!.Value;
        return [new Expected(call.Type, x.Shape, [.. x.Values.Select(v => v * scale)])];
    }

    public static IReadOnlyList<Expected> QuantizeInt8(OpCall call)
    {
        var x = call["X"];
        var perToken = call.Text("granularity") == "token";
        var given = call.Scalar("scale");
        var values = new double[x.Count];
        var groups = given is null && perToken ? x.Rows : 1;
        var scales = new double[groups];
        var size = groups == 0 ? 0 : x.Count / groups;
        for (long g = 0; g < groups; g++)
        {
            var group = new ArraySegment<double>(x.Values, (int)(g * size), (int)size);
            scales[g] = Math.Max(given ?? DynamicScale(group, 127), 1e-12f);
            var inverse = 1 / (float)scales[g];
            for (var i = 0; i < size; i++)
                values[g * size + i] = Math.Clamp(Math.Round((double)((float)group[i] * inverse), MidpointRounding.ToEven), -127, 127);
        }
        return [new Expected(ElementType.Int8, x.Shape, values), new Expected(ElementType.Float32, given is null && perToken && x.Shape.Length > 1 ? x.Shape[..^1] : [1], scales)];
    }

    public static IReadOnlyList<Expected> QuantizeNvfp4(OpCall call)
    {
        var x = call["X"];
        long rows = x.Rows, cols = x.Last, blocks = Nvfp4.Blocks(cols);
        var swizzled = call.Text("layout") == "swizzled";
        var packed = new double[rows * cols / 2];
        var scales = new double[swizzled ? Nvfp4.SwizzledSize(rows, cols) : rows * blocks];
        for (long row = 0; row < rows; row++)
            for (long block = 0; block < blocks; block++)
            {
                long begin = row * cols + block * Nvfp4.Block, end = Math.Min(begin + Nvfp4.Block, (row + 1) * cols);
                var amax = 0.0;
                for (var i = begin; i < end; i++)
                    amax = Math.Max(amax, double.IsNaN(x.Values[i]) ? 0 : Math.Abs(x.Values[i]));
                var code = Nvfp4.EncodeScale((float)(amax / 6));
                scales[swizzled ? Nvfp4.SwizzledOffset(row, block, cols) : row * blocks + block] = code;
                var decoded = Nvfp4.DecodeScale(code);
                var inverse = decoded == 0 ? 0 : (double)(float)(1 / decoded);
                for (var i = begin; i < end; i++)
                    packed[i / 2] += Nvfp4.Encode((float)(x.Values[i] * inverse)) << (int)(i % 2 * 4);
            }
        long[] scaleShape = swizzled ? [scales.LongLength] : [.. x.Shape[..^1], blocks];
        return [Expected.Exactly(ElementType.Uint8, [.. x.Shape[..^1], cols / 2], packed), Expected.Exactly(ElementType.Uint8, scaleShape, scales)];
    }

    public static IReadOnlyList<Expected> DequantizeNvfp4(OpCall call)
    {
        var packed = call["packed"];
        return [new Expected(call.Type, [.. packed.Shape[..^1], packed.Last * 2], Unpack(packed, call["scales"], call.Text("layout") == "swizzled"))];
    }

    /// <summary>The real values of an NVFP4 matrix.</summary>
    public static double[] Unpack(OpTensor packed, OpTensor scales, bool swizzled)
    {
        long rows = packed.Rows, cols = packed.Last * 2, blocks = Nvfp4.Blocks(cols);
        var values = new double[rows * cols];
        for (long i = 0; i < values.LongLength; i++)
        {
            long row = i / cols, block = i % cols / Nvfp4.Block;
            var code = (int)packed.Values[i / 2] >> (int)(i % 2 * 4) & 15;
            var scale = scales.Values[swizzled ? Nvfp4.SwizzledOffset(row, block, cols) : row * blocks + block];
            values[i] = Nvfp4.Decode(code) * Nvfp4.DecodeScale((byte)scale);
        }
        return values;
    }

    // amax ignores NaN; the division and the floor are float32.
    private static double DynamicScale(IEnumerable<double> values, double largest)
    {
        var amax = values.Where(v => !double.IsNaN(v)).Select(Math.Abs).DefaultIfEmpty(0).Max();
        return Math.Max((float)(amax / largest), 1e-12f);
    }
}
