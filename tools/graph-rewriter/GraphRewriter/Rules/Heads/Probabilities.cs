namespace FlashRt.GraphRewriter.Rules.Heads;

/// <summary>What becomes of a softmax: a guard against rows without keys, casts, and the product with the values.</summary>
internal sealed record Probabilities
{
    /// <summary>Rows that are not a number become zeros, as the op makes them.</summary>
    public bool Guarded { get; init; }

    /// <summary>The last column, which the sink had, was dropped.</summary>
    public bool DropsSink { get; init; }

    /// <summary>The product with the values.</summary>
    public Product? Product { get; init; }

    /// <summary>Why there is none.</summary>
    public string? Reason { get; init; }

    /// <summary>Follows the softmax to the product. <paramref name="keys"/> are the factors of the keys, without a sink's column.</summary>
    public static Probabilities Follow(TensorView at, IReadOnlyList<Factor> keys) => new Probabilities().Next(at, keys);

    private Probabilities Next(TensorView at, IReadOnlyList<Factor> keys)
    {
        if (at.Value.IsOutput) return this with { Reason = $"the probabilities '{at.Value.Name}' are a graph output" };
        var readers = at.Value.Consumers.ToArray();
        if (Guard(at.Value, readers) is { } guard) return (this with { Guarded = true }).Next(at with { Value = guard }, keys);
        if (readers is not [var reader])
            return this with { Reason = $"the probabilities '{at.Value.Name}' are read by {(readers.Length == 0 ? "nothing" : string.Join(", ", readers.Select(r => r.ToString())))}" };
        if (Product.Of(at, reader) is { } product) return this with { Product = product };
        if (Dropped(at, reader, keys) is { } kept) return (this with { DropsSink = true }).Next(kept, keys);
        return at.After(reader) is { } after ? Next(after, keys)
            : this with { Reason = $"the probabilities go to {reader}, not to a product with values" };
    }

    // where(isnan(p), 0, p)
    private static Value? Guard(Value p, Node[] readers) => readers is [var a, var b]
        && (a.OpType == "Where" ? a : b) is { OpType: "Where" } where && (where == a ? b : a) is { OpType: "IsNaN" } test
        && where.Input(0) == test.Outputs[0] && where.Input(1)?.Scalar == 0 && where.Input(2) == p && test.Outputs[0]!.Uses.Count == 1 ? where.Outputs[0] : null;

    private static TensorView? Dropped(TensorView at, Node slice, IReadOnlyList<Factor> keys)
    {
        if (slice.OpType != "Slice" || slice.Input(0) != at.Value || slice.Outputs[0] is not { Shape: { } shape } y || shape.Rank != at.Axes.Count) return null;
        var whole = new TensorView(y, [.. at.Axes.Take(shape.Rank - 1), keys]).Before();
        if (!slice.IsSound()) return null;
        var first = slice.Input(1)?.Integers ?? slice.Ints("starts");
        return first is [0] && whole?.Axes[^1] is [{ Cut: { Offset: 0 } }] && shape[-1].Value + 1 == at.Value.Shape![-1].Value
            ? new TensorView(y, [.. at.Axes.Take(shape.Rank - 1), keys]) : null;
    }
}
