using FlashRt.GraphRewriter.Rules.Merging;

namespace FlashRt.GraphRewriter.Passes;

/// <summary>
/// Computes several products of the same rows at once, with their weights side by side, where the op behind them takes the packed
/// result without a copy: gate and up, or queries, keys and values. It comes after the rules, which find these ops.
/// </summary>
public sealed class MergeProjections : IPass
{
    /// <summary>What reports call the pass.</summary>
    public const string RuleName = "MergeProjections";

    private static readonly IMergeable[] Ops = [new MergedGate(), new PackedAttention(), new SplitRope()];

    /// <inheritdoc/>
    public string Name => "Merge projections";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        if (!context.Options.MergeProjections) return 0;
        var changes = 0;
        foreach (var node in context.Model.Graph.Nodes.Where(n => n.Domain == FusedSites.Domain).ToArray())
            foreach (var op in node.Removed ? [] : Ops)
            {
                var (change, reason) = op.Read(node);
                if (reason is not null) context.NotFused.Add(new UnfusedSite(RuleName, node.Name, reason));
                if (change is null) continue;
                var edit = new MergeEdit(context);
                change(edit);
                edit.Apply();
                changes++;
                break;
            }
        if (changes > 0) context.Model.Invalidate();
        return changes;
    }
}
