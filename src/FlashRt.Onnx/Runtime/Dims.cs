namespace FlashRt.Onnx.Runtime;

/// <summary>Shapes as text and as numbers.</summary>
internal static class Dims
{
    internal static string Text(ReadOnlySpan<long> dims) => $"[{string.Join(",", dims.ToArray())}]";

    internal static long Count(ReadOnlySpan<long> dims)
    {
        long count = 1;
        foreach (long dim in dims)
        {
            if (dim < 0) throw new FlashRtException($"A tensor needs known dimensions, got {Text(dims)}.");
            count = checked(count * dim);
        }
        return count;
    }
}
