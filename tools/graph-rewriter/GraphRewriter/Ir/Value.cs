namespace FlashRt.GraphRewriter.Ir;

/// <summary>A tensor of the graph: what made it, who reads it, and what is known of its type.</summary>
public sealed class Value
{
    private readonly List<Use> uses = [];

    internal Value(string name, Graph graph) => (Name, Graph) = (name, graph);

    /// <summary>Unique in the graph.</summary>
    public string Name { get; }

    /// <summary>The graph it belongs to.</summary>
    public Graph Graph { get; }

    /// <summary>Element type; Undefined when not known.</summary>
    public DataType Type { get; internal set; }

    /// <summary>Shape; null when not even the rank is known.</summary>
    public Shape? Shape { get; internal set; }

    /// <summary>The node that computes it; null for graph inputs and initializers.</summary>
    public Node? Producer { get; internal set; }

    /// <summary>The tensor stored in the model under this name.</summary>
    public TensorProto? Initializer { get; internal set; }

    /// <summary>True for inputs of the graph (an initializer that is also an input is only a default, not a constant).</summary>
    public bool IsInput { get; internal set; }

    /// <summary>True for outputs of the graph.</summary>
    public bool IsOutput { get; internal set; }

    /// <summary>Every read of the value, subgraph captures included.</summary>
    public IReadOnlyList<Use> Uses => uses;

    /// <summary>The nodes that read it, each once, in graph order of their addition.</summary>
    public IEnumerable<Node> Consumers => uses.Select(u => u.Node).Distinct();

    /// <summary>The tensor, where the value is an initializer, a Constant node or a small computation on such; otherwise null.</summary>
    public ConstantTensor? Constant => Graph.ConstantOf(this);

    /// <summary>The single number the value holds, or null.</summary>
    public double? Scalar => Constant is { Count: 1 } c && (c.Type.IsFloat() || c.Type.IsInteger()) ? c.ReadAsDouble()[0] : null;

    /// <summary>The integers the value holds, or null where it is no constant of integers.</summary>
    public long[]? Integers => Constant is { } c && c.Type.IsInteger() ? c.ReadAsInt64() : null;

    internal bool ConstantKnown { get; set; }

    internal ConstantTensor? ConstantCache { get; set; }

    /// <summary>
    /// True for constants that come from stored tensors alone, so that their nodes can be moved along; what was folded from a known
    /// shape cannot.
    /// </summary>
    internal bool IsStored { get; set; }

    /// <summary>The sizes an int64 tensor holds, as far as they are known: what Shape, Gather and Concat compute for a Reshape.</summary>
    internal IReadOnlyList<Dim>? Sizes { get; set; }

    internal void AddUse(Use use) => uses.Add(use);

    internal void RemoveUses(Node node) => uses.RemoveAll(u => u.Node == node);

    /// <inheritdoc/>
    public override string ToString() => $"{Name}: {Type.Name()}{Shape?.ToString() ?? "[...]"}";
}
