namespace FlashRt.GraphRewriter.Patterns;

/// <summary>What a partial match has bound; grows by sharing, so that the matcher can backtrack by forgetting.</summary>
internal sealed class Bindings
{
    public static readonly Bindings None = new(null, "", null, 0);

    private readonly Bindings? rest;
    private readonly string name;
    private readonly object? item;

    private Bindings(Bindings? rest, string name, object? item, int nodes) => (this.rest, this.name, this.item, Nodes) = (rest, name, item, nodes);

    /// <summary>Nodes matched so far: how far a failing match got.</summary>
    public int Nodes { get; }

    public Bindings With(string variable, Value value) => new(this, variable, value, Nodes);

    public Bindings With(Op pattern, Node node) => new(this, "", new Matched(pattern, node), Nodes + 1);

    public Value? Find(string variable)
    {
        for (var b = this; b is not null; b = b.rest)
            if (b.name == variable && b.item is Value value) return value;
        return null;
    }

    public IEnumerable<Matched> MatchedNodes()
    {
        for (var b = this; b is not null; b = b.rest)
            if (b.item is Matched matched) yield return matched;
    }

    public sealed record Matched(Op Pattern, Node Node);
}
