namespace FlashRt.GraphRewriter.Rules;

/// <summary>Proves that a rotary table repeats its first half: from its numbers, or from how the graph computes it.</summary>
internal static class RotaryTables
{
    private static readonly HashSet<string> ByElement = [.. "Cos Sin Cast Identity Neg Exp Sqrt".Split(' ')];
    private static readonly HashSet<string> KeepsRows = [.. "Unsqueeze Squeeze Gather Slice Expand".Split(' ')];

    public static bool HalvesAgree(Value table, int depth = 0)
    {
        if (table.Constant is { } constant) return Numbers(constant);
        if (table.Producer is not { Domain: "" } node || depth > 16 || table.Shape is not { Rank: > 0 } shape) return false;
        bool Of(int input) => node.Input(input) is { } v && HalvesAgree(v, depth + 1);
        return node.OpType switch
        {
            "Concat" => node.Inputs.Count == 2 && node.Inputs[0] == node.Inputs[1] && node.Int("axis", 0) is var axis && (axis == -1 || axis == shape.Rank - 1),
            "Mul" or "Div" or "Add" => (Of(0) && Uniform(node.Input(1))) || (Uniform(node.Input(0)) && Of(1)) || (Of(0) && Of(1)),
            var op when ByElement.Contains(op) => Of(0),
            var op when KeepsRows.Contains(op) => node.Input(0)?.Shape is { Rank: > 0 } from && from[-1].SameAs(shape[-1]) && shape[-1].Value > 1
                && !TouchesLast(node, from.Rank) && Of(0),
            _ => false,
        };
    }

    private static bool TouchesLast(Node node, int rank) => node.OpType == "Gather" && node.Int("axis", 0) is var axis && (axis == -1 || axis == rank - 1);

    private static bool Uniform(Value? value) => value?.Shape is { } shape && (shape.Rank == 0 || shape[-1].Value == 1);

    private static bool Numbers(ConstantTensor table)
    {
        if (table.Dims.Count == 0 || table.Dims[^1] % 2 != 0 || table.Type.Bits() is not { } bits) return false;
        var half = (int)table.Dims[^1] / 2 * bits / 8;
        var bytes = table.Raw;
        for (var row = 0; row < bytes.Length; row += 2 * half)
            if (!bytes.Slice(row, half).SequenceEqual(bytes.Slice(row + half, half))) return false;
        return true;
    }
}
