namespace FlashRt.GraphRewriter.Ir;

/// <summary>ONNX's clamping of slice bounds.</summary>
internal static class SliceRange
{
    public static (long Start, long Length) Of(long start, long end, long size)
    {
        var from = Math.Clamp(start < 0 ? start + size : start, 0, size);
        var to = Math.Clamp(end < 0 ? end + size : end, 0, size);
        return (from, Math.Max(0, to - from));
    }

    public static (long Start, long Length) Of(long start, long end, long size, long step)
    {
        if (step > 0) return Of(start, end, size) is var (from, length) ? (from, (length + step - 1) / step) : default;
        if (step == 0) throw new NotSupportedException("A slice has the step 0.");
        var first = Math.Clamp(start < 0 ? start + size : start, -1, size - 1);
        var last = Math.Clamp(end is < 0 and > long.MinValue / 2 ? end + size : end, -1, size - 1);
        return (Math.Max(0, first), Math.Max(0, (first - last - step - 1) / -step));
    }
}
