using FlashRt.GraphRewriter.Passes;

namespace FlashRt.GraphRewriter.Rules.Merging;

/// <summary>What one merge changes in the graph, applied at once.</summary>
internal sealed class MergeEdit(PassContext context)
{
    private readonly HashSet<Node> removed = [];
    private readonly List<NodeProto> added = [];
    private readonly List<Value> stored = [];
    private readonly HashSet<string> taken = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (DataType Type, Shape? Shape)> described = new(StringComparer.Ordinal);

    public OnnxModel Model => context.Model;

    // What is known of the types of values that go into bodies.
    private IEnumerable<ValueInfoProto> Notes => Graph.Proto.ValueInfo.Where(v => v.MetadataProps.All(m => m.Key != FusionBuilder.Derived))
        .Concat(Functions.SelectMany(f => f.ValueInfo));

    private IEnumerable<FunctionProto> Functions => removed.Select(n => FunctionCall.Find(Model.Proto, n.Proto)).OfType<FunctionProto>().Where(f => f.Domain == FusedSites.Domain);

    private Graph Graph => context.Model.Graph;

    /// <summary>A name that neither the graph nor this edit uses.</summary>
    public string FreeName(string wish)
    {
        var name = Graph.FreeName(wish);
        for (var i = 1; !taken.Add(name); i++) name = Graph.FreeName($"{wish}.{i}");
        return name;
    }

    /// <summary>Takes a node out, and its function.</summary>
    public void Remove(Node? node)
    {
        if (node is not null) removed.Add(node);
    }

    /// <summary>Puts a node in.</summary>
    public void Add(NodeProto node) => added.Add(node);

    /// <summary>Puts a fused node in, with its function.</summary>
    public void Add(string op, IReadOnlyList<string> inputs, IReadOnlyList<string> outputs, IEnumerable<AttributeProto> attributes, IEnumerable<NodeProto> body) =>
        Add(MadeSite.Make(Model.Proto, MergeProjections.RuleName, op, inputs, outputs, attributes, body, Notes));

    /// <summary>Puts a fused node in the place of one that another rule made, with other inputs and attributes.</summary>
    public void Replace(Node node, IReadOnlyList<string> inputs, IEnumerable<AttributeProto> attributes, IEnumerable<NodeProto> body)
    {
        Remove(node);
        foreach (var output in node.Outputs.OfType<Value>()) Describe(output.Name, output.Type, output.Shape);
        var rule = node.Proto.MetadataProps.FirstOrDefault(m => m.Key == SiteBody.RuleKey)?.Value ?? MergeProjections.RuleName;
        Add(MadeSite.Make(Model.Proto, rule, node.OpType, inputs, [.. node.Proto.Output], attributes, body, Notes));
    }

    /// <summary>The name of a stored vector of integers, which all merges share.</summary>
    public string Integers(params long[] values)
    {
        var name = $"merged.shape[{string.Join(',', values)}]";
        if (Graph.Find(name) is { Initializer: not null } known && known.Integers?.SequenceEqual(values) == true || stored.Any(v => v.Name == name)) return name;
        return Store(ConstantTensor.From(DataType.Int64, [values.Length], values).ToProto(FreeName(name)), []);
    }

    /// <summary>Stores a tensor made of others, which go when nobody reads them any more.</summary>
    public string Store(TensorProto tensor, IEnumerable<Value?> sources)
    {
        tensor.MetadataProps.Add(new StringStringEntryProto { Key = FusionBuilder.Derived, Value = string.Join(", ", sources.OfType<Value>().Select(v => v.Name)) });
        stored.Add(new Value(tensor.Name, Graph) { Initializer = tensor, Type = (DataType)tensor.DataType, Shape = Shape.Of(tensor.Dims) });
        return tensor.Name;
    }

    /// <summary>States the type of a value that the edit adds.</summary>
    public void Describe(string name, DataType type, Shape? shape) => described[name] = (type, shape);

    /// <summary>Changes the graph.</summary>
    public void Apply()
    {
        var functions = Functions.ToList();
        context.Released.UnionWith(removed.SelectMany(n => n.Inputs).Where(i => i?.Initializer is not null).Select(i => i!.Name));
        foreach (var value in stored) Graph.Adopt(value);
        foreach (var node in Graph.Replace(removed, added))
            foreach (var output in node.Outputs.OfType<Value>())
            {
                if (described.TryGetValue(output.Name, out var type)) (output.Type, output.Shape) = type;
                if (node.Domain == FusedSites.Domain) TypeNotes.Add(output, context);
            }
        foreach (var function in functions) Model.Proto.Functions.Remove(function);
    }
}
