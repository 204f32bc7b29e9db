namespace FlashRt.GraphRewriter.Rules.Heads;

/// <summary>Something that hides keys or shifts their scores: a tensor added to the scores, or a condition that replaces them.</summary>
/// <param name="Node">The node that applies it.</param>
/// <param name="Scores">The scores it is applied to.</param>
/// <param name="View">The tensor, its axes those of the scores it broadcasts to.</param>
/// <param name="Fill">What hidden scores become, for a condition; null for an added tensor.</param>
/// <param name="HidesWhere">For a condition: the value of it that hides.</param>
/// <param name="MayBeLength">Nothing else of the node counts keys from their end, as causal attributes do, so that a condition may become a length.</param>
internal sealed record ScoreMask(Node Node, Value Scores, TensorView View, double? Fill = null, bool HidesWhere = false, bool MayBeLength = false);
