namespace FlashRt.GraphRewriter;

/// <summary>A place that looks like a rule's formula and was left alone, and why.</summary>
public sealed record UnfusedSite(string Rule, string Node, string Reason);
