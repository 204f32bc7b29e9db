namespace FlashRt.GraphRewriter.Ir.Evaluation;

/// <summary>Writing into a copy of a tensor.</summary>
internal static class ConstantScatter
{
    public static ConstantTensor ScatterNd(ConstantTensor x, ConstantTensor indices, ConstantTensor updates, string reduction)
    {
        var depth = (int)indices.Dims[^1];
        var inner = ConstantLayout.Count(x.Dims.Skip(depth));
        var starts = ConstantGather.Offsets(indices, [.. x.Dims.Take(depth)]);
        var to = new int[ConstantEvaluator.Bounded(updates.Dims)];
        for (var i = 0; i < to.Length; i++) to[i] = checked((int)(starts[i / inner] * inner + i % inner));
        return Combine(x, updates, to, reduction);
    }

    public static ConstantTensor ScatterElements(ConstantTensor x, ConstantTensor indices, ConstantTensor updates, long axisGiven, string reduction)
    {
        var axis = Strided.Axis(axisGiven, x.Dims.Count);
        var strides = Strided.Of(x.Dims);
        var rows = ConstantGather.Rows(indices, x.Dims[axis]);
        var to = Strided.Walk(indices.Dims, [.. strides.Select((s, i) => i == axis ? 0 : s)]);
        for (var i = 0; i < to.Length; i++) to[i] = checked((int)(to[i] + rows[i] * strides[axis]));
        return Combine(x, updates, to, reduction);
    }

    public static ConstantTensor OneHot(ConstantTensor indices, ConstantTensor depth, ConstantTensor values, long axisGiven)
    {
        var size = (long)depth.ReadAsDouble()[0];
        var axis = Strided.Axis(axisGiven, indices.Dims.Count + 1);
        long[] dims = [.. indices.Dims.Take(axis), size, .. indices.Dims.Skip(axis)];
        var inner = ConstantLayout.Count(indices.Dims.Skip(axis));
        var picks = new int[ConstantEvaluator.Bounded(dims)];
        foreach (var (i, index) in indices.ReadAsDouble().Index())
        {
            var at = (long)(index < 0 ? index + size : index);
            if (at >= 0 && at < size) picks[(i / inner * size + at) * inner + i % inner] = 1;
        }
        return Strided.Pick(values, dims, picks);
    }

    public static ConstantTensor Eye(IReadOnlyList<long> dims, DataType type, long k)
    {
        var values = new double[ConstantEvaluator.Bounded(dims)];
        for (var row = 0L; row < dims[0]; row++)
            if (row + k >= 0 && row + k < dims[1]) values[row * dims[1] + row + k] = 1;
        return ConstantTensor.From(type, dims, values);
    }

    /// <summary>A copy of <paramref name="x"/> with the updates at the given places, the last one winning.</summary>
    public static ConstantTensor Put(ConstantTensor x, ConstantTensor updates, int[] to)
    {
        if (x.Type != updates.Type) throw new NotSupportedException();
        var size = Strided.Bytes(x);
        var result = x.Raw.ToArray();
        for (var i = 0; i < to.Length; i++) updates.Raw.Slice(i * size, size).CopyTo(result.AsSpan(to[i] * size));
        return ConstantTensor.FromRaw(x.Type, x.Dims, result);
    }

    private static ConstantTensor Combine(ConstantTensor x, ConstantTensor updates, int[] to, string reduction)
    {
        if (ConstantEvaluator.Bounded(x.Dims) >= 0 && reduction == "none") return Put(x, updates, to);
        if (!x.Type.IsFloat()) throw new NotSupportedException();
        double[] values = x.ReadAsDouble(), news = updates.ReadAsDouble();
        for (var i = 0; i < to.Length; i++)
            values[to[i]] = reduction switch
            {
                "add" => values[to[i]] + news[i],
                "mul" => values[to[i]] * news[i],
                "max" => Math.Max(values[to[i]], news[i]),
                "min" => Math.Min(values[to[i]], news[i]),
                _ => throw new NotSupportedException(reduction),
            };
        return ConstantTensor.From(x.Type, x.Dims, values);
    }
}
