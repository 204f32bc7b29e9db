namespace FlashRt.GraphRewriter.Ir.Evaluation;

/// <summary>Data movement of the constant evaluator: everything is a reshape or a walk over source indices.</summary>
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

    public static ConstantTensor Flatten(ConstantTensor x, long axis)
    {
        var at = (int)(axis < 0 ? axis + x.Dims.Count : axis);
        return x.Reshape([Count(x.Dims.Take(at)), Count(x.Dims.Skip(at))]);
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
        var strides = Strided.Of(x.Dims);
        long[] dims = [.. perm.Select(p => x.Dims[(int)p])];
        return Strided.Pick(x, dims, Strided.Walk(dims, [.. perm.Select(p => strides[p])]));
    }

    public static ConstantTensor Expand(ConstantTensor x, long[] target)
    {
        var dims = Broadcast.Dims(x.Dims, target);
        return Strided.Pick(x, dims, Broadcast.Indices(x.Dims, dims));
    }

    public static ConstantTensor Tile(ConstantTensor x, long[] repeats)
    {
        // Each axis is walked as [repeats, size], the repeats standing still.
        var own = Strided.Of(x.Dims);
        long[] dims = [.. x.Dims.SelectMany((d, i) => new[] { repeats[i], d })], strides = [.. own.SelectMany(s => new[] { 0, s })];
        return Strided.Pick(x, [.. x.Dims.Select((d, i) => d * repeats[i])], Strided.Walk(dims, strides));
    }

    public static ConstantTensor Slice(ConstantTensor x, long[] starts, long[] ends, long[]? axes, long[]? steps)
    {
        axes ??= [.. Enumerable.Range(0, starts.Length).Select(i => (long)i)];
        var strides = Strided.Of(x.Dims);
        var dims = x.Dims.ToArray();
        var from = 0L;
        for (var i = 0; i < axes.Length; i++)
        {
            var axis = Strided.Axis(axes[i], dims.Length);
            var step = steps?[i] ?? 1;
            var (start, length) = SliceRange.Of(starts[i], ends[i], dims[axis], step);
            from += start * strides[axis];
            (dims[axis], strides[axis]) = (length, strides[axis] * step);
        }
        return Strided.Pick(x, dims, Strided.Walk(dims, strides, from));
    }

    public static ConstantTensor Split(Operands o)
    {
        var x = o[0];
        var axis = o.Axis("axis", 0, x.Dims.Count);
        long size = x.Dims[axis], parts = o.Node.Outputs.Count, chunk = (size + parts - 1) / parts;
        var lengths = o.Ints(1, "split") ?? [.. Enumerable.Range(0, (int)parts).Select(i => Math.Min(chunk, size - chunk * i))];
        var start = lengths.Take(o.Output).Sum();
        return Slice(x, [start], [start + lengths[o.Output]], [axis], null);
    }

    public static ConstantTensor Concat(ConstantTensor[] parts, int axis)
    {
        axis = Strided.Axis(axis, parts[0].Dims.Count);
        if (parts.Any(p => p.Type != parts[0].Type)) throw new NotSupportedException();
        long[] dims = [.. parts[0].Dims];
        dims[axis] = parts.Sum(p => p.Dims[axis]);
        var outer = Count(dims.Take(axis));
        var size = Strided.Bytes(parts[0]);
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

    public static ConstantTensor Trilu(ConstantTensor x, long k, bool upper)
    {
        var size = Strided.Bytes(x);
        var result = x.Raw.ToArray();
        long columns = x.Dims[^1], rows = x.Dims[^2];
        for (var i = 0L; i < x.Count; i++)
        {
            long column = i % columns, row = i / columns % rows;
            if (upper ? column - row < k : column - row > k) result.AsSpan((int)(i * size), size).Clear();
        }
        return ConstantTensor.FromRaw(x.Type, x.Dims, result);
    }

    public static ConstantTensor Pad(Operands o)
    {
        if (o.Node.Text("mode", "constant") != "constant") throw new NotSupportedException();
        var x = o[0];
        var rank = x.Dims.Count;
        var given = o.Needed(1, "pads");
        var axes = o.Has(3) ? o[3].ReadAsInt64() : [.. Enumerable.Range(0, rank).Select(i => (long)i)];
        long[] before = new long[rank], after = new long[rank];
        for (var i = 0; i < axes.Length; i++)
            (before[Strided.Axis(axes[i], rank)], after[Strided.Axis(axes[i], rank)]) = (given[i], given[i + axes.Length]);
        if (before.Concat(after).Any(p => p < 0)) throw new NotSupportedException();
        long[] dims = [.. x.Dims.Select((d, i) => d + before[i] + after[i])];
        var filling = ConstantMath.Fill(dims, o.Has(2) ? o[2] : ConstantMath.Cast(ConstantTensor.From(DataType.Float, [], [(double)o.Node.Float("value", 0)]), x.Type));
        return ConstantScatter.Put(filling, x, Strided.Walk(x.Dims, Strided.Of(dims), before.Zip(Strided.Of(dims), (b, s) => b * s).Sum()));
    }
}
