namespace FlashRt.GraphRewriter.Ir.Evaluation;

/// <summary>Selection by index tensors. Indices out of range are refused, as ONNX Runtime does.</summary>
internal static class ConstantGather
{
    public static ConstantTensor Gather(ConstantTensor x, ConstantTensor indices, long axisGiven)
    {
        var axis = Strided.Axis(axisGiven, x.Dims.Count);
        var picks = Rows(indices, x.Dims[axis]);
        long[] dims = [.. x.Dims.Take(axis), .. indices.Dims, .. x.Dims.Skip(axis + 1)];
        long inner = ConstantLayout.Count(x.Dims.Skip(axis + 1)), outer = ConstantLayout.Count(x.Dims.Take(axis));
        var at = new int[ConstantEvaluator.Bounded(dims)];
        var next = 0;
        for (var o = 0L; o < outer; o++)
            foreach (var pick in picks)
                for (var i = 0L; i < inner; i++) at[next++] = checked((int)((o * x.Dims[axis] + pick) * inner + i));
        return Strided.Pick(x, dims, at);
    }

    public static ConstantTensor GatherNd(ConstantTensor x, ConstantTensor indices, int batch)
    {
        var depth = (int)indices.Dims[^1];
        long[] dims = [.. indices.Dims.Take(indices.Dims.Count - 1), .. x.Dims.Skip(batch + depth)];
        long inner = ConstantLayout.Count(x.Dims.Skip(batch + depth)), perBatch = ConstantLayout.Count(indices.Dims.Take(indices.Dims.Count - 1).Skip(batch));
        var starts = Offsets(indices, [.. x.Dims.Skip(batch).Take(depth)]);
        var stride = ConstantLayout.Count(x.Dims.Skip(batch));
        var at = new int[ConstantEvaluator.Bounded(dims)];
        var next = 0;
        for (var row = 0L; row < starts.Length; row++)
            for (var i = 0L; i < inner; i++) at[next++] = checked((int)(row / perBatch * stride + starts[row] * inner + i));
        return Strided.Pick(x, dims, at);
    }

    public static ConstantTensor GatherElements(ConstantTensor x, ConstantTensor indices, long axisGiven)
    {
        var axis = Strided.Axis(axisGiven, x.Dims.Count);
        var strides = Strided.Of(x.Dims);
        var picks = Rows(indices, x.Dims[axis]);
        var at = Strided.Walk(indices.Dims, [.. strides.Select((s, i) => i == axis ? 0 : s)]);
        for (var i = 0; i < at.Length; i++) at[i] = checked((int)(at[i] + picks[i] * strides[axis]));
        return Strided.Pick(x, indices.Dims, at);
    }

    public static ConstantTensor NonZero(ConstantTensor x)
    {
        var values = x.ReadAsDouble();
        long[] found = [.. values.Index().Where(v => v.Item != 0).Select(v => (long)v.Index)];
        var rank = Math.Max(1, x.Dims.Count);
        var strides = x.Dims.Count == 0 ? [1] : Strided.Of(x.Dims);
        var dims = x.Dims.Count == 0 ? [1] : x.Dims;
        return ConstantTensor.From(DataType.Int64, [rank, found.Length],
            Enumerable.Range(0, rank).SelectMany(axis => found.Select(f => f / strides[axis] % dims[axis])).ToArray());
    }

    /// <summary>Indices along an axis, none negative.</summary>
    public static long[] Rows(ConstantTensor indices, long size) => Array.ConvertAll(indices.ReadAsInt64(), i =>
        (i < 0 ? i + size : i) is var row && row >= 0 && row < size ? row : throw new NotSupportedException());

    /// <summary>For each index tuple the flat position among the given axes.</summary>
    public static long[] Offsets(ConstantTensor indices, long[] sizes)
    {
        var tuples = indices.ReadAsInt64();
        var offsets = new long[sizes.Length == 0 ? ConstantLayout.Count(indices.Dims.Take(indices.Dims.Count - 1)) : tuples.Length / sizes.Length];
        for (var row = 0; row < offsets.Length; row++)
            for (var i = 0; i < sizes.Length; i++)
            {
                var at = tuples[row * sizes.Length + i];
                if (at < 0) at += sizes[i];
                if (at < 0 || at >= sizes[i]) throw new NotSupportedException();
                offsets[row] = offsets[row] * sizes[i] + at;
            }
        return offsets;
    }
}
