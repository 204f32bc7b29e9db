using FlashRt.GraphRewriter.Patterns;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>One of the equal parts of a tensor along its last axis, cut by one Split or by Slices.</summary>
internal static class Parts
{
    /// <summary>Part <paramref name="index"/> of <paramref name="count"/>.</summary>
    public static Pattern Of(Pattern x, int index, int count) =>
        new Op("Split", [x]) { Output = index, MoreInputs = true }.Where(n => SplitsInto(n, count), $"a Split into {count} equal parts of the last axis")
        | new Op("Slice", [x]) { MoreInputs = true }.Where(n => Slices(n, index, count), $"a Slice of part {index + 1} of {count} of the last axis");

    private static bool SplitsInto(Node node, int count) => node.Outputs.Count == count && node.Input(0)?.Shape is { } shape
        && (node.Int("axis", 0) is var axis && (axis == -1 || axis == shape.Rank - 1))
        && node.Outputs[0]?.Shape?[-1].Value is { } first && node.Outputs.All(o => o is null || o.Shape?[-1].Value == first);

    private static bool Slices(Node node, int index, int count)
    {
        if (node.Input(0)?.Shape is not { } shape || shape[-1].Value is not { } size || size % count != 0) return false;
        if (Only(node.Input(1)) is not { } start || Only(node.Input(2)) is not { } end) return false;
        var axis = node.Input(3) is { } a ? Only(a) : 0;
        if (axis != -1 && axis != shape.Rank - 1) return false;
        if (node.Input(4) is { } step && Only(step) != 1) return false;
        return SliceRange.Of(start, end, size) == (index * size / count, size / count);
    }

    private static long? Only(Value? value) => value?.Integers is [var only] ? only : null;
}
