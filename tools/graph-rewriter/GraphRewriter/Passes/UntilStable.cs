namespace FlashRt.GraphRewriter.Passes;

/// <summary>
/// Runs rule passes in turn until a whole round changes nothing, then the passes that come after, which may bring out something for the
/// rules again; notes at last what is left and why.
/// </summary>
public sealed class UntilStable(IEnumerable<RulePass> passes, IReadOnlyList<IPass>? after = null) : IPass
{
    // A round makes the graph smaller; this only stops rules of a user that undo each other.
    private const int MostRounds = 100;

    private readonly RulePass[] passes = [.. passes];

    /// <inheritdoc/>
    public string Name => "Fuse";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var total = 0;
        var told = context.NotFused.Count;
        for (var round = 0; round < MostRounds; round++)
        {
            context.NotFused.RemoveRange(told, context.NotFused.Count - told);
            var changes = Fuse(context);
            var later = (after ?? []).Sum(p => p.Run(context));
            total += changes + later;
            if (later == 0) break;
        }
        foreach (var pass in passes) pass.Explain(context);
        return total;
    }

    private int Fuse(PassContext context)
    {
        var total = 0;
        var fresh = true;
        for (var round = 0; round < MostRounds; round++)
        {
            var changes = passes.Sum(p => p.Run(context));
            total += changes;
            if (changes == 0 && fresh) break;
            fresh = changes == 0;
            if (fresh) context.Model.Invalidate();  // the ops tell more of the shapes than the model's notes did
        }
        return total;
    }
}
