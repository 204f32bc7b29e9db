namespace FlashRt.GraphRewriter.Rules.Merging;

/// <summary>An op that takes several products as one tensor, side by side, without a copy.</summary>
internal interface IMergeable
{
    /// <summary>
    /// The change that merges the products before a node of this op, or the reason why they stay apart; neither where the node is no
    /// such op or has no products before it.
    /// </summary>
    (Action<MergeEdit>? Change, string? Reason) Read(Node node);
}
