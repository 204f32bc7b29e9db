namespace FlashRt.GraphRewriter.Rules.Heads;

/// <summary>
/// Whether a node follows its operator's schema as far as the readers of views rely on it. Models are loaded without running them, so a
/// damaged one gets as far as the rules.
/// </summary>
internal static class Soundness
{
    /// <summary>True where inputs, axes and permutation are what the operator takes.</summary>
    public static bool IsSound(this Node node)
    {
        var needed = node.OpType switch { "Add" or "Sub" or "Mul" or "Div" or "MatMul" or "FusedMatMul" or "Gather" or "Expand" or "Tile" => 2, "Where" => 3, "Concat" => node.Inputs.Count, _ => 1 };
        if (node.Inputs.Count < Math.Max(needed, 1) || node.Inputs.Take(needed).Any(i => i is null) || node.Outputs is not [{ } y, ..]) return false;
        if (node.Inputs[0]!.Shape is not { } x) return true;
        return node.OpType switch
        {
            "Transpose" => node.Ints("perm") is not { } perm || perm.Order().SequenceEqual(Enumerable.Range(0, x.Rank).Select(i => (long)i)),
            "Concat" or "Split" or "Gather" => Fits(node.Int("axis", 0), x.Rank),
            "Tile" => node.Input(1)!.Integers is not { } repeats || repeats.Length == x.Rank,
            "Slice" => SlicesFit(node, x.Rank),
            "Expand" => y.Shape is not { } to || to.Rank >= x.Rank,
            _ => true,
        };
    }

    private static bool Fits(long axis, int rank) => axis >= -rank && axis < rank;

    private static bool SlicesFit(Node node, int rank)
    {
        long[]? Ints(int input, string attribute) => node.Input(input) is { } v ? v.Integers : node.Ints(attribute);
        var (starts, ends, axes, steps) = (Ints(1, "starts"), Ints(2, "ends"), Ints(3, "axes"), node.Input(4)?.Integers);
        if (starts is null || ends is null) return true;
        return starts.Length == ends.Length && starts.Length <= rank && (axes is null || (axes.Length == starts.Length && axes.All(a => Fits(a, rank))))
            && (steps is null || steps.Length == starts.Length);
    }
}
