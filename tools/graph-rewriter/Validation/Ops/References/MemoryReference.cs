namespace FlashRt.Validation.Ops;

/// <summary>Ops that move elements, and the softmax of rows.</summary>
internal static class MemoryReference
{
    public static IReadOnlyList<Expected> Copy(OpCall call) => [Expected.Exactly(call["X"].Type, call["X"].Shape, call["X"].Values)];

    public static IReadOnlyList<Expected> CastFloat16(OpCall call) =>
        [Expected.Exactly(ElementType.Float16, call["X"].Shape, [.. call["X"].Values.Select(v => Rounding.To(ElementType.Float16, v))])];

    public static IReadOnlyList<Expected> FillNegInf(OpCall call)
    {
        var x = call["X"];
        return [Expected.Exactly(call.Type, x.Shape, [.. Enumerable.Repeat(double.NegativeInfinity, (int)x.Count)])];
    }

    public static IReadOnlyList<Expected> StridedCopy(OpCall call)
    {
        var src = call["src"];
        var cols = call.Int("dst_cols");
        return [Expected.Exactly(call.Type, [.. src.Shape[..^1], cols], RopeReference.Columns(src, call.Int("col_offset"), cols))];
    }

    public static IReadOnlyList<Expected> RepeatInterleaveHeads(OpCall call)
    {
        var src = call["src"];
        long repeat = call.Int("repeat"), size = src.Last / call.Int("num_heads"), width = src.Last * repeat;
        var values = new double[src.Rows * width];
        for (long i = 0; i < values.LongLength; i++)
        {
            long column = i % width, head = column / size / repeat;
            values[i] = src.Values[i / width * src.Last + head * size + column % size];
        }
        return [Expected.Exactly(call.Type, [.. src.Shape[..^1], width], values)];
    }

    public static IReadOnlyList<Expected> PatchIm2col(OpCall call)
    {
        var x = call["X"];
        var channelsFirst = call.Text("layout") == "NCHW";
        long p = call.Int("patch_size"), views = OpTensor.CountOf(x.Shape[..^3]), channels = x.Shape[channelsFirst ? ^3 : ^1], height = x.Shape[channelsFirst ? ^2 : ^3], width = x.Shape[channelsFirst ? ^1 : ^2];
        long across = width / p, perView = height / p * across, features = p * p * channels;
        var values = new double[views * perView * features];
        for (long i = 0; i < values.LongLength; i++)
        {
            long patch = i / features, feature = i % features;
            var (line, column, channel) = call.Text("patch_order") == "CHW" ? (feature % (p * p) / p, feature % p, feature / (p * p)) : (feature / channels / p, feature / channels % p, feature % channels);
            long view = patch / perView, y = patch % perView / across * p + line, at = patch % across * p + column;
            values[i] = x.Values[channelsFirst ? ((view * channels + channel) * height + y) * width + at : ((view * height + y) * width + at) * channels + channel];
        }
        return [Expected.Exactly(call.Type, call.Text("output_layout") == "images" ? [views, perView, features] : [views * perView, features], values)];
    }

    public static IReadOnlyList<Expected> EulerStep(OpCall call)
    {
        OpTensor actions = call["actions"], velocity = call["velocity"];
        double dt = call.Float("dt"), offset = call.Int("velocity_offset");
        double[] step = [.. actions.Values.Select((_, i) => dt * velocity.Values[(long)offset + i])];
        return [new Expected(ElementType.Float32, actions.Shape, [.. actions.Values.Select((a, i) => a + step[i])],
            [.. actions.Values.Select((a, i) => (Math.Abs(a) + Math.Abs(step[i])) * Math.ScaleB(1, -22))])];
    }

    public static IReadOnlyList<Expected> SoftmaxRows(OpCall call)
    {
        var x = call["X"];
        var values = new double[x.Count];
        for (long row = 0; row < x.Rows; row++)
        {
            var at = row * x.Last;
            var max = -1e30;
            for (long c = 0; c < x.Last; c++)
                max = Math.Max(max, x.Values[at + c]);
            var sum = 0.0;
            for (long c = 0; c < x.Last; c++)
                sum += values[at + c] = Math.Exp(x.Values[at + c] - max);
            for (long c = 0; c < x.Last; c++)
                values[at + c] /= sum + 1e-8;
        }
        // exp of a difference: float32 rounds the difference, and exp turns that absolute error into a relative one.
        return [new Expected(call.Type, x.Shape, values, [.. values.Select((p, i) => p * (1 + Math.Min(100, Math.Abs(x.Values[i]))) * Expected.Float32Noise)])];
    }
}
