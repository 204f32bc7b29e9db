namespace FlashRt.GraphRewriter.Patterns;

/// <summary>One way in which a rule's pattern fits the graph.</summary>
public sealed class Match
{
    private readonly Bindings bindings;

    internal Match(Value root, Bindings bindings)
    {
        (Root, this.bindings) = (root, bindings);
        Nodes = bindings.MatchedNodes().Select(m => m.Node).ToHashSet();
    }

    /// <summary>The value the whole pattern stands for.</summary>
    public Value Root { get; }

    /// <summary>The graph it is in.</summary>
    public Graph Graph => Root.Graph;

    /// <summary>The nodes that pattern elements matched.</summary>
    public IReadOnlySet<Node> Nodes { get; }

    /// <summary>The value of a variable that every spelling binds.</summary>
    public Value this[Var variable] => Find(variable) ?? throw new KeyNotFoundException($"The pattern binds no '{variable.Name}'.");

    /// <summary>The value of a variable, or null where the spelling that matched lacks it.</summary>
    public Value? Find(Var variable) => bindings.Find(variable.Name);

    /// <summary>The node matched by the element of that name, or null.</summary>
    public Node? Node(string name) => bindings.MatchedNodes().FirstOrDefault(m => m.Pattern.Name == name)?.Node;

    /// <summary>The node by which the formula is recognised; the root's where the pattern marks none.</summary>
    public Node Core => bindings.MatchedNodes().FirstOrDefault(m => m.Pattern.IsCore)?.Node ?? Root.Producer!;

    internal bool MayStay(Node node) => bindings.MatchedNodes().Where(m => m.Node == node).All(m => m.Pattern.MayStay);
}
