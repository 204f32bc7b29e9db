namespace FlashRt.GraphRewriter;

/// <summary>
/// A fused node: its operator and name, the original nodes it stands for, the overload that picks its function, the rule that made it.
/// </summary>
public sealed record FusedSite(string Op, string Name, IReadOnlyList<string> Nodes, string Overload, string Rule)
{
    /// <summary>The node as it is in the model.</summary>
    public required NodeProto Node { get; init; }

    /// <summary>The function with what it replaced; null in a model rewritten without fallback.</summary>
    public required FunctionProto? Body { get; init; }
}
