namespace FlashRt.GraphRewriter.Passes;

/// <summary>What a rule needs to make the inputs of a fused node: constants in the type and shape the operator takes.</summary>
public sealed class FusionBuilder
{
    /// <summary>Marks initializers and type notes that the rewriter made, so that a restore can take them out again.</summary>
    internal const string Derived = "flashrt.derived";

    private readonly List<Value> added = [];

    internal FusionBuilder(Graph graph) => Graph = graph;

    /// <summary>The graph under rewriting.</summary>
    public Graph Graph { get; }

    internal IReadOnlyList<Value> Added => added;

    /// <summary>
    /// The constant in another type or shape: the value itself where it already fits, otherwise a new initializer, rounded once from
    /// what the constant's own subgraph computes. The same source gives the same initializer everywhere.
    /// </summary>
    public Value Constant(Value source, DataType type, IReadOnlyList<long> dims)
    {
        if (source.Type == type && source.Shape?.Static() is { } own && own.SequenceEqual(dims)) return source;
        var tensor = source.Constant ?? throw new InvalidOperationException($"'{source.Name}' is not a constant.");
        var name = $"{source.Name}.{type.Name()}[{string.Join(',', dims)}]";
        if ((Graph.Find(name) ?? added.Find(v => v.Name == name)) is { } existing) return existing;

        return Make(name, source, tensor.Type == type ? tensor.Reshape(dims) : ConstantTensor.From(type, dims, tensor.ReadAsDouble()));
    }

    /// <summary>
    /// A new initializer that a rule computed from <paramref name="source"/>. What is there under that name already with the same numbers
    /// is shared.
    /// </summary>
    public Value Make(string name, Value source, ConstantTensor tensor)
    {
        var free = name;
        for (var i = 1; (Graph.Find(free) ?? added.Find(v => v.Name == free)) is { } existing; free = $"{name}.{i++}")
            if (existing.Initializer is not null && existing.Constant is { } c && c.Type == tensor.Type && c.Dims.SequenceEqual(tensor.Dims) && c.Raw.SequenceEqual(tensor.Raw)) return existing;
        var proto = tensor.ToProto(free);
        proto.MetadataProps.Add(new StringStringEntryProto { Key = Derived, Value = source.Name });
        var value = new Value(free, Graph) { Initializer = proto, Type = tensor.Type, Shape = Shape.Of(tensor.Dims) };
        added.Add(value);
        return value;
    }
}
