using FlashRt.GraphRewriter.Patterns;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>The two halves of a tensor along its last axis, cut by one Split or by two Slices.</summary>
internal static class Halves
{
    /// <summary>The half with the lower indices.</summary>
    public static Pattern First(Pattern x) => Half(x, 0);

    /// <summary>The half with the upper indices.</summary>
    public static Pattern Second(Pattern x) => Half(x, 1);

    private static Pattern Half(Pattern x, int which) =>
        new Op("Split", [x]) { Output = which, MoreInputs = true }.Where(SplitsInHalves, "a Split into two halves of the last axis")
        | new Op("Slice", [x]) { MoreInputs = true }.Where(n => SlicesHalf(n, which), $"a Slice of the {(which == 0 ? "lower" : "upper")} half of the last axis");

    private static bool SplitsInHalves(Node node) => node.Outputs.Count == 2 && node.Input(0)?.Shape is { } shape
        && (node.Int("axis", 0) is var axis && (axis == -1 || axis == shape.Rank - 1))
        && node.Outputs[0]?.Shape?[-1].Value is { } first && node.Outputs[1]?.Shape?[-1].Value == first;

    private static bool SlicesHalf(Node node, int which)
    {
        if (node.Input(0)?.Shape is not { } shape || shape[-1].Value is not { } size || size % 2 != 0) return false;
        if (Only(node.Input(1)) is not { } start || Only(node.Input(2)) is not { } end) return false;
        var axis = node.Input(3) is { } a ? Only(a) : 0;
        if (axis != -1 && axis != shape.Rank - 1) return false;
        if (node.Input(4) is { } step && Only(step) != 1) return false;
        return SliceRange.Of(start, end, size) == (which * size / 2, size / 2);
    }

    private static long? Only(Value? value) => value?.Integers is [var only] ? only : null;
}
