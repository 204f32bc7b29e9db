namespace FlashRt.GraphRewriter.Ir;

/// <summary>ONNX's clamping of slice bounds for a positive step of one.</summary>
internal static class SliceRange
{
    public static (long Start, long Length) Of(long start, long end, long size)
    {
        var from = Math.Clamp(start < 0 ? start + size : start, 0, size);
        var to = Math.Clamp(end < 0 ? end + size : end, 0, size);
        return (from, Math.Max(0, to - from));
    }
}
