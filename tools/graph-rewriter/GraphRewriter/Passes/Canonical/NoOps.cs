namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>Finds nodes whose first result is one of their inputs, unchanged.</summary>
internal static class NoOps
{
    private static readonly HashSet<string> ShapeOnly = ["Reshape", "Squeeze", "Unsqueeze", "Flatten", "Expand"];

    /// <summary>The input that the node's result equals element by element, in the same shape and type; null where that is not provable.</summary>
    public static Value? Source(Node node)
    {
        if (node.Domain.Length > 0 || node.Outputs is not [{ } y, ..] || node.Input(0) is not { } x) return null;
        return node.OpType switch
        {
            "Identity" => x,
            "Cast" => x.Type != DataType.Undefined && (long)x.Type == node.Int("to", 0) ? x : null,
            "CastLike" => x.Type != DataType.Undefined && x.Type == node.Input(1)?.Type ? x : null,
            "Dropout" => IsInference(node) ? x : null,
            "Transpose" => IsIdentity(node, x) ? x : null,
            "Slice" => HasUnitSteps(node) && SameShape(x, y) ? x : null,
            "Pad" => node.Input(1)?.Integers is { } pads && pads.All(p => p == 0) ? x : null,
            "Tile" => node.Input(1)?.Integers is { } repeats && repeats.All(r => r == 1) ? x : null,
            "Concat" => OnlyPart(node),
            "Split" => node.Outputs.Count == 1 ? x : null,
            "Sum" or "Min" or "Max" => node.Inputs.Count == 1 ? x : null,
            "Mul" => Neutral(node, 1) is { } other && Keeps(other, y) ? other : null,
            "Add" => (Neutral(node, 0) ?? ZeroMask(node)) is { } other && Keeps(other, y) ? other : null,
            "Div" or "Pow" => Is(node.Input(1), 1) && Keeps(x, y) ? x : null,
            "Sub" => Is(node.Input(1), 0) && Keeps(x, y) ? x : null,
            "And" => Logical(node, neutral: 1, y),
            "Or" => Logical(node, neutral: 0, y),
            "Where" => Chosen(node, y),
            var op when ShapeOnly.Contains(op) => SameShape(x, y) ? x : null,
            _ => null,
        };
    }

    private static bool SameShape(Value x, Value y) => x.Shape is { } shape && shape.SameAs(y.Shape);

    private static bool Keeps(Value x, Value y) => x.Type == y.Type && SameShape(x, y);

    private static bool IsInference(Node node) => node.Outputs.Skip(1).All(o => o is null || (o.Uses.Count == 0 && !o.IsOutput))
        && (node.Input(2) is not { } training || training.Constant is { Type: DataType.Bool, Count: 1 } c && c.Raw[0] == 0);

    private static bool IsIdentity(Node node, Value x) =>
        node.Ints("perm") is { } perm ? perm.Select((p, i) => p == i).All(same => same) : x.Shape is { Rank: <= 1 };

    private static bool HasUnitSteps(Node node) => node.Input(4) is not { } steps || steps.Integers is { } s && s.All(v => v == 1);

    private static Value? OnlyPart(Node node)
    {
        if (node.Inputs.Count == 1) return node.Inputs[0];
        var parts = Filled(node);
        return parts.Count == 1 ? parts[0] : null;
    }

    /// <summary>The parts of a Concat that hold anything.</summary>
    public static List<Value?> Filled(Node node) => [.. node.Inputs.Where(i => i is not null && !IsEmpty(i))];

    private static bool IsEmpty(Value value) => value.Shape is { } shape && shape.Any(d => d.Value == 0);

    private static bool Is(Value? value, double number) => value?.Scalar == number;

    private static Value? Neutral(Node node, double number) =>
        Is(node.Input(1), number) ? node.Input(0) : Is(node.Input(0), number) ? node.Input(1) : null;

    // A mask that hides nothing. Vectors stay: a bias of zeros is a weight that happens to be zero.
    private static Value? ZeroMask(Node node) =>
        IsZeroMask(node.Input(1)) ? node.Input(0) : IsZeroMask(node.Input(0)) ? node.Input(1) : null;

    private static bool IsZeroMask(Value? value) => value is { Shape.Rank: >= 4, Constant: { } constant } && constant.IsAll(0);

    private static Value? Logical(Node node, byte neutral, Value y)
    {
        for (var i = 0; i < 2; i++)
            if (node.Input(1 - i) is { } other && All(node.Input(i), neutral) && Keeps(other, y)) return other;
        return null;
    }

    private static Value? Chosen(Node node, Value y)
    {
        var chosen = All(node.Input(0), 1) ? node.Input(1) : All(node.Input(0), 0) ? node.Input(2) : null;
        return chosen is not null && Keeps(chosen, y) ? chosen : null;
    }

    private static bool All(Value? condition, byte value) =>
        condition?.Constant is { Type: DataType.Bool } c && !c.Raw.ContainsAnyExcept(value);
}
