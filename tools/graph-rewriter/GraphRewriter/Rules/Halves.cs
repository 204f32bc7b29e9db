using FlashRt.GraphRewriter.Patterns;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>The two halves of a tensor along its last axis, cut by one Split or by two Slices.</summary>
internal static class Halves
{
    /// <summary>The half with the lower indices.</summary>
    public static Pattern First(Pattern x) => Parts.Of(x, 0, 2);

    /// <summary>The half with the upper indices.</summary>
    public static Pattern Second(Pattern x) => Parts.Of(x, 1, 2);
}
