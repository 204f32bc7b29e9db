namespace FlashRt.GraphRewriter.Patterns;

/// <summary>A node of a given operator with patterns for its inputs; it matches the value that the node's output is.</summary>
public sealed record Op(string Type, IReadOnlyList<Pattern> Inputs) : Pattern
{
    /// <summary>Domain of the operator; null accepts the standard one and com.microsoft.</summary>
    public string? Domain { get; init; }

    /// <summary>Which of the node's outputs the value must be.</summary>
    public int Output { get; init; }

    /// <summary>The two inputs may come in either order.</summary>
    public bool Commutes { get; init; }

    /// <summary>Inputs beyond the listed ones may be present; otherwise they must be absent.</summary>
    public bool MoreInputs { get; init; }

    /// <summary>
    /// The node may have readers outside the match: it then stays for them, and the fused node still reads what is before it. For
    /// nodes that cost next to nothing, such as the cast that several norms share.
    /// </summary>
    public bool MayStay { get; init; }

    /// <summary>The node is only one way to write its input; where it is not there, nothing is missing that a report should name.</summary>
    public bool MayMiss { get; init; }

    /// <summary>The element by which people recognise the formula: where one is not fused, the nearest miss is told.</summary>
    public bool IsCore { get; init; }

    /// <summary>The name under which the match gives the node.</summary>
    public string? Name { get; init; }

    internal IReadOnlyList<Check> Checks { get; init; } = [];

    internal override IReadOnlyList<Pattern> Parts => Inputs;

    /// <summary>Adds a condition on the node, which <paramref name="expect"/> says in words.</summary>
    public Op Where(Func<Node, bool> test, string expect) => this with { Checks = [.. Checks, new Check(test, expect)] };

    /// <summary>Makes the matched node available under a name.</summary>
    public Op Called(string name) => this with { Name = name };

    /// <summary>Marks the element by which the formula is recognised.</summary>
    public Op Core() => this with { IsCore = true };

    /// <inheritdoc/>
    public override string ToString() => Type;

    internal bool Fits(Node node) => node.OpType == Type && (Domain is null ? node.Domain is "" or "com.microsoft" : node.Domain == Domain);

    internal sealed record Check(Func<Node, bool> Test, string Expect);
}
