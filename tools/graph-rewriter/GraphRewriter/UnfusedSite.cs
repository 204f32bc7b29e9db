namespace FlashRt.GraphRewriter;

/// <summary>A place that looks like a rule's formula and was left alone, and why in one sentence.</summary>
public sealed record UnfusedSite(string Rule, string Node, string Reason)
{
    /// <summary>The pattern element that does not fit; null where the formula fits and the rule or the engine refuses for another reason.</summary>
    public PatternMiss? Miss { get; init; }
}
