namespace FlashRt.GraphRewriter.Ir.Inference;

/// <summary>
/// Gives every value an element type and, where it follows, a shape: by its own rules first, from the exporter's notes where a rule
/// knows less. It is as strong as predicates need (types, ranks, last axes, "the same size as"), not a full ONNX shape inference.
/// </summary>
internal static class TypeInference
{
    private const double MostEager = 1 << 16;

    public static void Run(Graph graph)
    {
        var notes = new Dictionary<string, TypeProto>(StringComparer.Ordinal);
        foreach (var info in graph.Proto.ValueInfo.Concat(graph.Proto.Output).Concat(graph.Proto.Input))
            if (info.Type is not null) notes[info.Name] = info.Type;
        if (graph.Cycle is not null) return;
        foreach (var input in graph.Proto.Input) Note(graph.Find(input.Name)!, notes);
        foreach (var node in graph.Nodes) Infer(node, notes);
    }

    /// <summary>Types the outputs of a node that a rule added.</summary>
    public static void Infer(Node node) => Infer(node, new Dictionary<string, TypeProto>());

    private static void Infer(Node node, Dictionary<string, TypeProto> notes)
    {
        var context = new InferenceContext(node);
        try
        {
            OpShapes.Find(node)?.Invoke(context);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or IndexOutOfRangeException or OverflowException or NullReferenceException)
        {
            // A node that does not follow its operator's schema: its outputs stay unknown here, and the runtime will say what is wrong.
        }
        foreach (var output in node.Outputs)
        {
            if (output is null) continue;
            Note(output, notes);
            if (!ReadsWeight(node)) _ = output.Constant;  // in graph order, so that no evaluation recurses further than one node
        }
    }

    // What follows from a large tensor is evaluated when somebody asks, so that casts of weights take no memory.
    private static bool ReadsWeight(Node node) => node.Inputs.Any(i => i is { Initializer: { } t } && t.Dims.Aggregate(1.0, (n, d) => n * d) > MostEager);

    private static void Note(Value value, Dictionary<string, TypeProto> notes)
    {
        var note = notes.GetValueOrDefault(value.Name)?.TensorType;
        if (note is not null)
        {
            if (value.Type == DataType.Undefined) value.Type = (DataType)note.ElemType;
            value.Shape = Merge(value.Shape, Shape.Of(note.Shape));
        }
        if (value.Shape is { } shape)
            value.Shape = new Shape([.. shape.Select((d, i) => d.Symbol is null && d.Value is null or < 0 ? Dim.Named($"{Dim.Invented}{value.Name}.{i}") : d)]);
    }

    // Numbers beat symbols, a model's symbols beat invented ones, our rules beat the exporter's notes.
    private static Shape? Merge(Shape? ours, Shape? noted)
    {
        if (ours is null || noted is null || ours.Rank != noted.Rank) return ours ?? noted;
        return new Shape([.. ours.Zip(noted, (a, b) =>
            a.Value is not null ? a : b.Value is not null ? b : a.Symbol is not null && !a.IsInvented ? a : b.Symbol is not null ? b : a)]);
    }
}
