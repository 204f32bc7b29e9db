namespace FlashRt.GraphRewriter.Passes;

/// <summary>Gives graph inputs the sizes the caller states, and their symbols the same sizes wherever the model notes them.</summary>
public sealed class FixInputShapes : IPass
{
    /// <inheritdoc/>
    public string Name => "Fix input shapes";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        if (context.Options.Shapes.Count == 0) return 0;
        var graph = context.Model.Proto.Graph;
        var sizes = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var (name, shape) in context.Options.Shapes) Collect(context.Model, name, shape, sizes);

        var changes = 0;
        foreach (var dim in graph.Input.Concat(graph.Output).Concat(graph.ValueInfo).SelectMany(Dims))
        {
            if (dim.ValueCase != TensorShapeProto.Types.Dimension.ValueOneofCase.DimParam) continue;
            if (sizes.TryGetValue(dim.DimParam, out var size)) dim.DimValue = size;
            else if (Mentions(dim.DimParam, sizes.Keys)) dim.ClearValue();  // "seq + 1": inference finds it again
            else continue;
            changes++;
        }
        context.Model.Invalidate();
        return changes;
    }

    private static void Collect(OnnxModel model, string name, long[] shape, Dictionary<string, long> sizes)
    {
        var input = model.Proto.Graph.Input.FirstOrDefault(i => i.Name == name)
            ?? throw new OnnxModelException(model.Path, $"has no input '{name}'; its inputs are {string.Join(", ", model.Proto.Graph.Input.Select(i => i.Name))}");
        var dims = Dims(input).ToList();
        if (dims.Count != shape.Length)
            throw new OnnxModelException(model.Path, $"input '{name}' has {dims.Count} axes; the given shape [{string.Join('x', shape)}] has {shape.Length}");
        for (var i = 0; i < dims.Count; i++)
        {
            var size = shape[i];
            if (size < 0) throw new OnnxModelException(model.Path, $"input '{name}' cannot have an axis of {size}");
            switch (dims[i].ValueCase)
            {
                case TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue when dims[i].DimValue != size:
                    throw new OnnxModelException(model.Path, $"axis {i} of input '{name}' is {dims[i].DimValue} in the model; {size} was given");
                case TensorShapeProto.Types.Dimension.ValueOneofCase.DimParam when sizes.TryGetValue(dims[i].DimParam, out var other) && other != size:
                    throw new OnnxModelException(model.Path, $"axis {i} of input '{name}' is '{dims[i].DimParam}', which is {other} already; {size} was given");
                case TensorShapeProto.Types.Dimension.ValueOneofCase.DimParam: sizes[dims[i].DimParam] = size; break;
                default: dims[i].DimValue = size; break;
            }
        }
    }

    private static bool Mentions(string expression, IEnumerable<string> symbols) =>
        symbols.Intersect(expression.Split([' ', '+', '-', '*', '/', '(', ')', ','], StringSplitOptions.RemoveEmptyEntries)).Any();

    private static IEnumerable<TensorShapeProto.Types.Dimension> Dims(ValueInfoProto info) => info.Type?.TensorType?.Shape?.Dim ?? [];
}
