namespace FlashRt.GraphRewriter.Ir.Evaluation;

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
    public static int[] Indices(IReadOnlyList<long> from, IReadOnlyList<long> to)
    {
        var strides = new long[to.Count];
        var own = Strided.Of(from);
        for (var i = 0; i < from.Count; i++) strides[to.Count - from.Count + i] = from[i] == 1 ? 0 : own[i];
        return Strided.Walk(to, strides);
    }
}
