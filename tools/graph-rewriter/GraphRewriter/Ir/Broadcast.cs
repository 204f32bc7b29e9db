namespace FlashRt.GraphRewriter.Ir;

/// <summary>Numpy broadcasting over numbers.</summary>
internal static class Broadcast
{
    public static long[] Dims(IReadOnlyList<long> a, IReadOnlyList<long> b)
    {
        var dims = new long[Math.Max(a.Count, b.Count)];
        for (var i = 1; i <= dims.Length; i++)
        {
            var (x, y) = (i <= a.Count ? a[^i] : 1, i <= b.Count ? b[^i] : 1);
            if (x != y && x != 1 && y != 1) throw new ArgumentException($"{x} and {y} do not broadcast");
            dims[^i] = x == 1 ? y : x;
        }
        return dims;
    }

    /// <summary>For every element of <paramref name="to"/> the index of the element of <paramref name="from"/> that it repeats.</summary>
    public static int[] Indices(IReadOnlyList<long> from, long[] to)
    {
        var count = ConstantEvaluator.Bounded(to);
        var indices = new int[count];
        var strides = new long[to.Length];
        for (long i = from.Count - 1, stride = 1; i >= 0; stride *= from[(int)i--])
            strides[to.Length - from.Count + i] = from[(int)i] == 1 ? 0 : stride;
        for (var flat = 0; flat < count; flat++)
        {
            long rest = flat, at = 0;
            for (var axis = to.Length - 1; axis >= 0; rest /= to[axis--]) at += rest % to[axis] * strides[axis];
            indices[flat] = (int)at;
        }
        return indices;
    }
}
