using System.Globalization;

namespace FlashRt.Validation;

/// <summary>
/// Sizes for the inputs of a model with dynamic axes: what the user asks for, then what follows for inputs that share a symbol, then
/// small defaults. Symbols may be sums and products of others ("past + seq"), as exporters write them.
/// </summary>
public sealed class InputShapes
{
    private const int DefaultSize = 8;
    private readonly Dictionary<string, long> _symbols = new(StringComparer.Ordinal);
    private readonly IReadOnlyDictionary<string, long[]> _wanted;

    private InputShapes(IReadOnlyDictionary<string, long[]> wanted) => _wanted = wanted;

    /// <summary>Binds the symbols of the inputs named in <paramref name="wanted"/> after checking them against the model.</summary>
    public static InputShapes Of(OnnxModel model, IReadOnlyDictionary<string, long[]>? wanted = null)
    {
        var shapes = new InputShapes(wanted ?? new Dictionary<string, long[]>());
        foreach (var (name, dims) in shapes._wanted)
        {
            var input = model.Proto.Graph.Input.FirstOrDefault(i => i.Name == name) ?? throw new ValidationException(
                $"The model has no input '{name}'; its inputs are {string.Join(", ", model.Proto.Graph.Input.Select(i => i.Name))}.");
            shapes.Bind(input, dims);
        }
        return shapes;
    }

    /// <summary>The size of every axis of an input.</summary>
    public long[] For(ValueInfoProto input)
    {
        var sizes = _wanted.TryGetValue(input.Name, out var dims) ? dims : Known(input);
        return sizes.IsSize() ? sizes : throw new ValidationException(
            $"Input '{input.Name}' is [{string.Join(',', sizes)}], which is no shape that a tensor in memory can have.");
    }

    private long[] Known(ValueInfoProto input)
    {
        var shape = input.Type?.TensorType?.Shape ?? throw new ValidationException(
            $"Input '{input.Name}' has no shape in the model; give one with --shape {input.Name}=1x24.");
        return [.. shape.Dim.Select((d, axis) => Size(d, axis))];
    }

    private void Bind(ValueInfoProto input, long[] dims)
    {
        if (input.Type?.TensorType?.Shape is not { } shape) return;
        if (shape.Dim.Count != dims.Length)
            throw new ValidationException($"Input '{input.Name}' has {shape.Dim.Count} axes; --shape gives it {dims.Length}.");
        foreach (var (axis, dim) in shape.Dim.Index())
        {
            if (IsKnown(dim) && dim.DimValue != dims[axis])
                throw new ValidationException($"Axis {axis} of input '{input.Name}' is {dim.DimValue} in the model; --shape gives it {dims[axis]}.");
            if (dim.HasDimParam && !_symbols.TryAdd(dim.DimParam, dims[axis]) && _symbols[dim.DimParam] != dims[axis])
                throw new ValidationException(
                    $"'{dim.DimParam}' is {_symbols[dim.DimParam]} by another --shape and {dims[axis]} by that of input '{input.Name}'.");
        }
    }

    private long Size(TensorShapeProto.Types.Dimension dim, int axis)
    {
        if (IsKnown(dim)) return dim.DimValue;
        return dim.HasDimParam && dim.DimParam.Length > 0 ? Value(dim.DimParam) : axis == 0 ? 1 : DefaultSize;
    }

    // Some exporters write -1 for an axis that they do not know, and ONNX Runtime reads it so.
    private static bool IsKnown(TensorShapeProto.Types.Dimension dim) => dim is { HasDimValue: true, DimValue: >= 0 };

    // Sums of products of names and numbers; anything else is taken as one name.
    private long Value(string symbol)
    {
        if (_symbols.TryGetValue(symbol, out var known)) return known;
        if (long.TryParse(symbol, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return number;
        if (symbol.Contains('+')) return symbol.Split('+', StringSplitOptions.TrimEntries).Sum(Value);
        if (symbol.Contains('*')) return symbol.Split('*', StringSplitOptions.TrimEntries).Aggregate(1L, (n, s) => n * Value(s));
        return _symbols[symbol] = Default(symbol);
    }

    private static long Default(string symbol) =>
        symbol.Contains("batch", StringComparison.OrdinalIgnoreCase) ? 1 :
        symbol.Contains("height", StringComparison.OrdinalIgnoreCase) || symbol.Contains("width", StringComparison.OrdinalIgnoreCase) ? 224 :
        DefaultSize;
}
