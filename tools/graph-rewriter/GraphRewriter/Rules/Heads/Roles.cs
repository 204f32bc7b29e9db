namespace FlashRt.GraphRewriter.Rules.Heads;

/// <summary>What the factors of an operand stand for. Batch and heads may have fewer factors in the operand: the rest is repeated.</summary>
internal sealed record Roles(IReadOnlyList<Factor> Batch, IReadOnlyList<Factor> Heads, IReadOnlyList<Factor> Tokens, IReadOnlyList<Factor> Channels)
{
    /// <summary>The heads an operand has of its own: the first factors of the heads, where the others are repeated.</summary>
    public IReadOnlyList<Factor> OwnHeads(TensorView view)
    {
        var present = view.AllLeaves.SelectMany(f => f.Cut?.Inside.SelectMany(i => i.Leaves) ?? [f]).ToHashSet();
        return [.. Leaves(Heads).TakeWhile(present.Contains)];
    }

    /// <summary>How the operand is arranged, or None.</summary>
    public HeadForm FormOf(TensorView view)
    {
        IReadOnlyList<Factor> batch = Leaves(Batch), heads = OwnHeads(view), tokens = Leaves(Tokens), channels = Leaves(Channels);
        bool Is(params IReadOnlyList<IReadOnlyList<Factor>> axes) =>
            axes.Count == view.Axes.Count && axes.Select((a, i) => a.SequenceEqual(view.Leaves(i))).All(same => same);

        IReadOnlyList<Factor> merged = [.. heads, .. channels];
        return Is(batch, tokens, merged) || (batch.Count == 0 && Is(tokens, merged)) ? HeadForm.Merged
            : Is([.. batch, .. tokens], merged) ? HeadForm.Rows
            : Is(batch, tokens, heads, channels) ? HeadForm.TokensFirst
            : Is(batch, heads, tokens, channels) ? HeadForm.HeadsFirst
            : PackedAt(view) is not null ? HeadForm.Packed : HeadForm.None;
    }

    /// <summary>Both four-axis arrangements at once, as of a single token or a single head.</summary>
    public bool IsAlso(TensorView view, HeadForm form) => FormOf(view) == HeadForm.TokensFirst && form == HeadForm.HeadsFirst
        && Leaves(Heads).Count * Leaves(Tokens).Count == 0 && OwnHeads(view).SequenceEqual(view.Leaves(1)) && Leaves(Tokens).SequenceEqual(view.Leaves(2));

    /// <summary>For packed operands: the first column and the number of columns of the whole.</summary>
    public (long First, long Columns)? PackedAt(TensorView view)
    {
        IReadOnlyList<Factor> batch = Leaves(Batch), tokens = Leaves(Tokens), merged = [.. OwnHeads(view), .. Leaves(Channels)];
        var rank = view.Axes.Count;
        if (rank is not (2 or 3) || !tokens.SequenceEqual(view.Leaves(rank - 2)) || (rank == 3 ? !batch.SequenceEqual(view.Leaves(0)) : batch.Count > 0)) return null;
        var columns = view.Leaves(rank - 1);
        if (columns is not [{ Cut: { } cut } part, ..]) return null;
        Factor[] rest = [.. columns.Skip(1)];
        if (!cut.Inside.SelectMany(f => f.Leaves).Concat(rest).SequenceEqual(merged)) return null;
        return Factor.Product(rest) is { } width && part.Size.Value is { } parts ? (cut.Offset * width, parts * width) : null;
    }

    private static IReadOnlyList<Factor> Leaves(IReadOnlyList<Factor> factors) => [.. factors.SelectMany(f => f.Leaves)];
}
