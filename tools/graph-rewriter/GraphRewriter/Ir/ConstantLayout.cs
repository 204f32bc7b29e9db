namespace FlashRt.GraphRewriter.Ir;

/// <summary>Data movement of the constant evaluator: everything is a reshape or a list of source indices.</summary>
internal static class ConstantLayout
{
    public static long Count(IEnumerable<long> dims) => dims.Aggregate(1L, (n, d) => checked(n * d));

    public static ConstantTensor Reshape(ConstantTensor x, long[] target, bool allowZero)
    {
        long[] dims = [.. target.Select((d, i) => d == 0 && !allowZero ? x.Dims[i] : d)];
        var free = Array.IndexOf(dims, -1);
        if (free >= 0)
        {
            dims[free] = 1;
            dims[free] = x.Count / Math.Max(1, Count(dims));
        }
        return Count(dims) == x.Count ? x.Reshape(dims) : throw new NotSupportedException();
    }

    public static ConstantTensor Unsqueeze(ConstantTensor x, long[] axes)
    {
        var dims = x.Dims.ToList();
        var rank = dims.Count + axes.Length;
        foreach (var axis in axes.Select(a => a < 0 ? a + rank : a).Order()) dims.Insert((int)axis, 1);
        return x.Reshape(dims);
    }

    public static ConstantTensor Squeeze(ConstantTensor x, long[]? axes)
    {
        var gone = axes?.Select(a => a < 0 ? a + x.Dims.Count : a).ToHashSet();
        return x.Reshape([.. x.Dims.Where((d, i) => gone is null ? d != 1 : !gone.Contains(i))]);
    }

    public static ConstantTensor Transpose(ConstantTensor x, long[]? perm)
    {
        perm ??= [.. Enumerable.Range(0, x.Dims.Count).Reverse().Select(i => (long)i)];
        var strides = Strides(x.Dims);
        return Pick(x, [.. perm.Select(p => x.Dims[(int)p])], at => at.Select((c, i) => c * strides[perm[i]]).Sum());
    }

    public static ConstantTensor Expand(ConstantTensor x, long[] target)
    {
        var dims = Broadcast.Dims(x.Dims, target);
        var indices = Broadcast.Indices(x.Dims, dims);
        return Copy(x, dims, i => indices[i]);
    }

    public static ConstantTensor Gather(ConstantTensor x, ConstantTensor indices, int axis)
    {
        if (axis < 0) axis += x.Dims.Count;
        var picks = indices.ReadAsInt64();
        var strides = Strides(x.Dims);
        var rank = indices.Dims.Count;
        long[] dims = [.. x.Dims.Take(axis), .. indices.Dims, .. x.Dims.Skip(axis + 1)];
        var inner = Strides(indices.Dims);
        return Pick(x, dims, at =>
        {
            var pick = picks[at.Skip(axis).Take(rank).Select((c, i) => c * inner[i]).Sum()];
            if (pick < 0) pick += x.Dims[axis];
            return pick * strides[axis] + at.Take(axis).Select((c, i) => c * strides[i]).Sum()
                + at.Skip(axis + rank).Select((c, i) => c * strides[axis + 1 + i]).Sum();
        });
    }

    public static ConstantTensor Slice(ConstantTensor x, long[] starts, long[] ends, long[]? axes, long[]? steps)
    {
        axes ??= [.. Enumerable.Range(0, starts.Length).Select(i => (long)i)];
        var strides = Strides(x.Dims);
        var dims = x.Dims.ToArray();
        var from = new long[dims.Length];
        for (var i = 0; i < axes.Length; i++)
        {
            if (steps is not null && steps[i] != 1) throw new NotSupportedException();
            var axis = (int)(axes[i] < 0 ? axes[i] + dims.Length : axes[i]);
            (from[axis], dims[axis]) = SliceRange.Of(starts[i], ends[i], dims[axis]);
        }
        return Pick(x, dims, at => at.Select((c, i) => (c + from[i]) * strides[i]).Sum());
    }

    public static ConstantTensor Concat(ConstantTensor[] parts, int axis)
    {
        if (axis < 0) axis += parts[0].Dims.Count;
        long[] dims = [.. parts[0].Dims];
        dims[axis] = parts.Sum(p => p.Dims[axis]);
        var outer = Count(dims.Take(axis));
        var size = parts[0].Type.Bits()!.Value / 8;
        var result = new byte[ConstantEvaluator.Bounded(dims) * size];
        var position = 0;
        for (var row = 0L; row < outer; row++)
            foreach (var part in parts)
            {
                var bytes = (int)(Count(part.Dims.Skip(axis)) * size);
                part.Raw.Slice((int)(row * bytes), bytes).CopyTo(result.AsSpan(position));
                position += bytes;
            }
        return ConstantTensor.FromRaw(parts[0].Type, dims, result);
    }

    private static long[] Strides(IReadOnlyList<long> dims)
    {
        var strides = new long[dims.Count];
        for (long i = dims.Count - 1, stride = 1; i >= 0; stride *= dims[(int)i--]) strides[i] = stride;
        return strides;
    }

    private static ConstantTensor Pick(ConstantTensor x, long[] dims, Func<long[], long> source)
    {
        var strides = Strides(dims);
        var at = new long[dims.Length];
        return Copy(x, dims, flat =>
        {
            for (var i = 0; i < at.Length; i++) at[i] = flat / strides[i] % dims[i];
            return source(at);
        });
    }

    private static ConstantTensor Copy(ConstantTensor x, long[] dims, Func<long, long> source)
    {
        var size = x.Type.Bits()!.Value / 8;
        var result = new byte[ConstantEvaluator.Bounded(dims) * size];
        for (var i = 0L; i < result.Length / size; i++)
            x.Raw.Slice((int)(source(i) * size), size).CopyTo(result.AsSpan((int)(i * size)));
        return ConstantTensor.FromRaw(x.Type, dims, result);
    }
}
