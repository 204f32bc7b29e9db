namespace FlashRt.Validation;

/// <summary>Whether numbers are the axes of something that fits in memory.</summary>
internal static class ShapeSizes
{
    private const long MostElements = 1L << 31;  // .NET arrays hold no more

    /// <summary>True when no axis is negative and their product is below what an array can hold.</summary>
    public static bool IsSize(this IReadOnlyList<long> dims)
    {
        if (dims.Contains(0)) return dims.All(d => d >= 0);
        var count = 1L;
        foreach (var dim in dims)
        {
            if (dim < 0 || count > MostElements / dim) return false;
            count *= dim;
        }
        return true;
    }
}
