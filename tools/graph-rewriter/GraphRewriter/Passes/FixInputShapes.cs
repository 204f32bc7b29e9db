namespace FlashRt.GraphRewriter.Passes;

/// <summary>
/// Gives graph inputs the sizes the caller states, by input (<c>--shape</c>) or by symbol (<c>--dims</c>), and their symbols the same
/// sizes wherever the model notes them.
/// </summary>
public sealed class FixInputShapes : IPass
{
    /// <inheritdoc/>
    public string Name => "Fix input shapes";

    /// <inheritdoc/>
    public int Run(PassContext context) => Apply(context.Model, context.Options);

    /// <summary>Sets the sizes; returns how many axes changed.</summary>
    public static int Apply(OnnxModel model, RewriteOptions options)
    {
        if (options.Shapes.Count + options.Dims.Count == 0) return 0;
        var graph = model.Proto.Graph;
        var sizes = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var (symbol, size) in options.Dims) Collect(model, symbol, size, sizes);
        foreach (var (name, shape) in options.Shapes) Collect(model, name, shape, sizes);

        var changes = 0;
        foreach (var dim in graph.Input.Concat(graph.Output).Concat(graph.ValueInfo).SelectMany(Dims))
        {
            if (dim.ValueCase != TensorShapeProto.Types.Dimension.ValueOneofCase.DimParam) continue;
            if (DimExpression.Evaluate(dim.DimParam, sizes) is { } size) dim.DimValue = size;
            else if (DimExpression.Names(dim.DimParam).Any(sizes.ContainsKey)) dim.ClearValue();  // inference finds it again
            else continue;
            changes++;
        }
        model.Invalidate();
        return changes;
    }

    /// <summary>Refuses sizes for axes that no input has, naming those that there are.</summary>
    public static void Check(OnnxModel model, IReadOnlyDictionary<string, long> dims)
    {
        foreach (var (symbol, size) in dims) Collect(model, symbol, size, []);
    }

    private static void Collect(OnnxModel model, string symbol, long size, Dictionary<string, long> sizes)
    {
        string[] symbols = [.. model.Proto.Graph.Input.SelectMany(Dims).Where(d => d.HasDimParam).SelectMany(d => DimExpression.Names(d.DimParam)).Distinct()];
        if (size < 0) throw new OnnxModelException(model.Path, $"the axis '{symbol}' cannot be {size}");
        sizes[symbol] = symbols.Contains(symbol) || model.Proto.Graph.Input.SelectMany(Dims).Any(d => d.DimParam == symbol) ? size
            : throw new OnnxModelException(model.Path, $"has no axis called '{symbol}' among its inputs; "
                + (symbols.Length == 0 ? "their axes have no names" : $"their axes are called {string.Join(", ", symbols)}"));
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

    private static IEnumerable<TensorShapeProto.Types.Dimension> Dims(ValueInfoProto info) => info.Type?.TensorType?.Shape?.Dim ?? [];
}
