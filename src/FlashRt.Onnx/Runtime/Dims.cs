namespace FlashRt.Onnx.Runtime;

/// <summary>Shapes as text and as numbers.</summary>
internal static class Dims
{
    internal static string Text(ReadOnlySpan<long> dims) => $"[{string.Join(",", dims.ToArray())}]";

    internal static long Count(ReadOnlySpan<long> dims)
    {
        long count = 1;
        bool empty = dims.Contains(0);
        foreach (long dim in dims)
        {
            if (dim < 0) throw new FlashRtException($"A tensor needs known dimensions, got {Text(dims)}.");
            if (!empty && count > long.MaxValue / dim) throw TooLarge(dims);
            count *= dim;
        }
        return empty ? 0 : count;
    }

    internal static long Bytes(ReadOnlySpan<long> dims, int elementSize)
    {
        long count = Count(dims);
        return count <= long.MaxValue / elementSize ? count * elementSize : throw TooLarge(dims);
    }

    private static FlashRtException TooLarge(ReadOnlySpan<long> dims) => new($"A tensor of shape {Text(dims)} is too large to be addressed.");
}
