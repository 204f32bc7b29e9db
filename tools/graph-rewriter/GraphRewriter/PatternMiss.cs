namespace FlashRt.GraphRewriter;

/// <summary>
/// The first pattern element that does not fit: which one it is (<paramref name="Element"/>: "input 1 of Mul 'node_Mul_3'"), the node
/// where it was looked for, what it wants, what is there, and how many nodes fit before it.
/// </summary>
public sealed record PatternMiss(string Element, string At, string Expected, string Found, int Fitting)
{
    /// <summary>The miss in one sentence; where the formula goes on outward from a node, the sentence says from which.</summary>
    public string Reason => IsOutward ? $"after node '{At}', expected {Expected}, found {Found}" : $"expected {Expected}, found {Found}";

    internal bool IsOutward { get; init; }
}
