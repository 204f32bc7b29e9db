namespace FlashRt.Validation.Ops;

/// <summary>A tensor on the host. Values are float64, whatever the element type.</summary>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Sizes of the axes.</param>
/// <param name="Values">Elements in row-major order.</param>
public sealed record OpTensor(ElementType Type, long[] Shape, double[] Values)
{
    /// <summary>Number of elements of a shape.</summary>
    public static long CountOf(IEnumerable<long> shape) => shape.Aggregate(1L, (product, size) => product * size);

    /// <summary>Number of elements.</summary>
    public long Count => Values.LongLength;

    /// <summary>Size of the last axis; 1 for a scalar.</summary>
    public long Last => Shape.Length == 0 ? 1 : Shape[^1];

    /// <summary>Number of rows: all leading axes.</summary>
    public long Rows => Last == 0 ? 0 : Count / Last;

    /// <summary>The same values in another shape.</summary>
    public OpTensor Reshape(params long[] shape) => CountOf(shape) == Count
        ? this with { Shape = shape }
        : throw new ArgumentException($"A tensor of {Count} elements has no shape [{string.Join(", ", shape)}].", nameof(shape));

    /// <summary>The values rounded to another type.</summary>
    public OpTensor As(ElementType type) => new(type, Shape, [.. Values.Select(v => Rounding.To(type, v))]);

    /// <summary>Shape as text, e.g. <c>[2, 3]</c>.</summary>
    public string ShapeText => $"[{string.Join(", ", Shape)}]";
}
