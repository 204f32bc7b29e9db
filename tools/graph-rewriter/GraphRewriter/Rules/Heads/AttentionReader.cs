using FlashRt.GraphRewriter.Passes;

namespace FlashRt.GraphRewriter.Rules.Heads;

/// <summary>Reads the attention around a softmax: scores before it, values after it, and everything that only moves elements.</summary>
internal static class AttentionReader
{
    /// <summary>The site, or why there is none.</summary>
    public static (AttentionSite? Site, string? Reason) Read(Value softmax, FusionBuilder builder)
    {
        var node = softmax.Producer!;
        if (softmax.Shape?.SameAs(node.Input(0)?.Shape) != true) return (null, "the shape of the scores is not known");
        if (node.Input(0) is not { } argument || TensorView.Fresh(argument) is not { Axes.Count: >= 2 } at) return (null, "the rank of the scores is not known");
        var rank = at.Axes.Count;
        var axis = node.Int("axis", argument.Graph.Opset >= 13 ? -1 : 1);
        if (axis != -1 && axis != rank - 1) return (null, $"the softmax runs over axis {axis} of {argument.Shape}, not over the last one, the keys");

        var scores = ScoreReader.Read(at);
        if (scores.Product is not { } qk) return (null, scores.Reason);
        var keys = qk.Result.Axes[^1];
        var after = Probabilities.Follow(at with { Value = softmax, Axes = [.. at.Axes.Take(rank - 1), scores.Sink is null ? keys : at.Axes[^1]] }, keys);
        if (after.Product is not { } pv) return (null, after.Reason);
        if (after.DropsSink != scores.Sink is not null) return (null, "a column is added to the scores and not dropped from the probabilities, or the other way round");
        if (OutsideReader([.. scores.Path, node]) is { } reason) return (null, reason);
        return Arrange(scores, qk, pv, after.Guarded, builder);
    }

    private static (AttentionSite?, string?) Arrange(Scores scores, Product qk, Product pv, bool guarded, FusionBuilder builder)
    {
        if (qk.Right.Value.Constant is { Dims.Count: 2 } && qk.Right.Value.Producer is null) return (null, $"the scores are a product with the weight '{qk.Right.Value.Name}', not with keys");
        var (tokens, keyTokens) = (qk.Result.Axes[^2], qk.Result.Axes[^1]);
        if (OwnAxis(qk.Left, qk.Result.AllLeaves) is not { } channels || OwnAxis(pv.Result, pv.Left.AllLeaves) is not { } valueChannels)
            return (null, "the axes of the two products do not fit together");
        var candidates = new Arrangement.Candidates(Operand.Sources(qk.Left, scalars: true), Operand.Sources(qk.Right, scalars: true), Operand.Sources(pv.Right), Operand.Results(pv.Result))
        {
            Lead = [.. qk.Result.Axes.Take(qk.Result.Axes.Count - 2).SelectMany(a => a)],
            Tokens = tokens,
            KeyTokens = keyTokens,
            Channels = channels,
            ValueChannels = valueChannels,
        };
        return AttentionSite.Of(candidates, scores, guarded, builder);
    }

    // The one axis whose factors the other tensor has not; none where it has one element.
    private static IReadOnlyList<Factor>? OwnAxis(TensorView view, IEnumerable<Factor> others)
    {
        var known = others.ToHashSet();
        var own = view.Axes.Where(a => a.SelectMany(f => f.Leaves).Any(f => !known.Contains(f))).ToArray();
        return own.Length switch { 0 => [], 1 => own[0], _ => null };
    }

    // What is read by others would be computed twice.
    private static string? OutsideReader(IReadOnlyCollection<Node> path)
    {
        foreach (var value in path.SkipLast(1).SelectMany(n => n.Outputs))
        {
            if (value is null) continue;
            if (value.IsOutput) return $"the scores '{value.Name}' are a graph output";
            if (value.Consumers.FirstOrDefault(c => !path.Contains(c)) is { } other) return $"the scores '{value.Name}' are also read by {other}";
        }
        return null;
    }
}
