namespace FlashRt.GraphRewriter.Rules.Heads;

/// <summary>
/// A value the op may read or write, with the scalar factor that is taken out of it there. An operand has several: one after each node
/// that only moves elements.
/// </summary>
internal sealed record Operand(TensorView View, double Scale, int Distance)
{
    /// <summary>The operand and what it was made from, nearest first.</summary>
    public static IReadOnlyList<Operand> Sources(TensorView view, bool scalars = false)
    {
        List<Operand> all = [new Operand(view, 1, 0)];
        for (var last = all[0]; Before(last, scalars) is { } before && all.Count < 64; last = before) all.Add(before);
        return all;
    }

    /// <summary>The result and what is made of it, as long as nobody else reads it, nearest first.</summary>
    public static IReadOnlyList<Operand> Results(TensorView view)
    {
        List<Operand> all = [new Operand(view, 1, 0)];
        for (var at = view; !at.Value.IsOutput && at.Value.Consumers.ToArray() is [var reader] && at.After(reader) is { } after; at = after)
            all.Add(new Operand(after, 1, all.Count));
        return all;
    }

    private static Operand? Before(Operand at, bool scalars)
    {
        if (at.View.Value.Constant is not null) return null;
        if (at.View.Before() is { } before) return new Operand(before, at.Scale, at.Distance + 1);
        if (!scalars || at.View.Value.Producer is not { Domain: "", OpType: "Mul" or "Div" } node) return null;
        var number = node.Input(1)?.Scalar is not null ? 1 : node.OpType == "Mul" && node.Input(0)?.Scalar is not null ? 0 : -1;
        if (number < 0 || node.Input(1 - number) is not { } x || x.Shape?.SameAs(at.View.Value.Shape) != true) return null;
        var factor = node.Input(number)!.Scalar!.Value;
        return new Operand(at.View with { Value = x }, node.OpType == "Mul" ? at.Scale * factor : at.Scale / factor, at.Distance + 1);
    }
}
