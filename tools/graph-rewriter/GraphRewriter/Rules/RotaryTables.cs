namespace FlashRt.GraphRewriter.Rules;

/// <summary>Proves that a rotary table has every angle twice: from its numbers, or from how the graph computes it.</summary>
internal static class RotaryTables
{
    private static readonly HashSet<string> ByElement = [.. "Cos Sin Cast Identity Neg Exp Sqrt".Split(' ')];
    private static readonly HashSet<string> KeepsRows = [.. "Unsqueeze Squeeze Gather Slice Expand".Split(' ')];

    /// <summary>
    /// True when entry i of the last axis is entry i + W/2, or, for pairs of neighbours, when entries 2i and 2i + 1 are the same.
    /// </summary>
    public static bool EntriesAgree(Value table, bool neighbours, int depth = 0)
    {
        if (table.Constant is { } constant) return Numbers(constant, neighbours);
        if (table.Producer is not { Domain: "" } node || depth > 16 || table.Shape is not { Rank: > 0 } shape) return false;
        bool Of(int input) => node.Input(input) is { } v && EntriesAgree(v, neighbours, depth + 1);
        return node.OpType switch
        {
            "Concat" => !neighbours && node.Inputs.Count == 2 && node.Inputs[0] == node.Inputs[1] && IsLast(node.Int("axis", 0), shape.Rank),
            "Reshape" when neighbours && node.Input(0)?.Shape is { Rank: > 1 } pairs && pairs[-1].Value == 2 && 2 * pairs[-2].Value == shape[-1].Value
                => IsRepeated(node.Input(0)!, shape.Rank + 1),
            "Mul" or "Div" or "Add" => (Of(0) && Uniform(node.Input(1))) || (Uniform(node.Input(0)) && Of(1)) || (Of(0) && Of(1)),
            var op when ByElement.Contains(op) => Of(0),
            var op when KeepsRows.Contains(op) => node.Input(0)?.Shape is { Rank: > 0 } from && from[-1].SameAs(shape[-1]) && shape[-1].Value > 1
                && !TouchesLast(node, from.Rank) && Of(0),
            _ => false,
        };
    }

    // [.., W/2, 2] whose last axis repeats: expanded, tiled, or one value twice.
    private static bool IsRepeated(Value pairs, int rank) => pairs.Producer is { Domain: "" } node && node.OpType switch
    {
        "Expand" or "Tile" => node.Input(0)?.Shape is { } from && from[-1].Value == 1,
        "Concat" => node.Inputs.Count == 2 && node.Inputs[0] == node.Inputs[1] && IsLast(node.Int("axis", 0), rank),
        _ => false,
    };

    private static bool IsLast(long axis, int rank) => axis == -1 || axis == rank - 1;

    private static bool TouchesLast(Node node, int rank) => node.OpType == "Gather" && node.Int("axis", 0) is var axis && (axis == -1 || axis == rank - 1);

    private static bool Uniform(Value? value) => value?.Shape is { } shape && (shape.Rank == 0 || shape[-1].Value == 1);

    private static bool Numbers(ConstantTensor table, bool neighbours)
    {
        if (table.Dims.Count == 0 || table.Dims[^1] % 2 != 0 || table.Type.Bits() is not { } bits) return false;
        int element = bits / 8, stretch = neighbours ? element : (int)table.Dims[^1] / 2 * element;
        var bytes = table.Raw;
        for (var at = 0; at < bytes.Length; at += 2 * stretch)
            if (!bytes.Slice(at, stretch).SequenceEqual(bytes.Slice(at + stretch, stretch))) return false;
        return true;
    }
}
