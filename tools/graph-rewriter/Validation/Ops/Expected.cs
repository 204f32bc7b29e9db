namespace FlashRt.Validation.Ops;

/// <summary>What an output should be.</summary>
/// <param name="Type">Element type of the output.</param>
/// <param name="Shape">Shape of the output.</param>
/// <param name="Values">Values before the rounding to <paramref name="Type"/>.</param>
/// <param name="Noise">
/// What float32 arithmetic in another order may add, for each element. Null: a few units of float32's last place, relative to the value.
/// </param>
public sealed record Expected(ElementType Type, long[] Shape, double[] Values, double[]? Noise = null)
{
    /// <summary>Relative error allowed for a chain of float32 operations: 16 units of the last place.</summary>
    public const double Float32Noise = 1.0 / (1 << 19);

    /// <summary>An output that must have exactly these values.</summary>
    public static Expected Exactly(ElementType type, long[] shape, double[] values) => new(type, shape, values) { BitExact = true };

    /// <summary>Whether no difference is allowed (copies, splits, packed codes).</summary>
    public bool BitExact { get; init; }

    /// <summary>The values as the output stores them.</summary>
    public OpTensor Rounded => new(Type, Shape, [.. Values.Select(v => Rounding.To(Type, v))]);

    /// <summary>Noise of one element.</summary>
    public double NoiseOf(long index) => Noise?[index] ?? Math.Abs(Values[index]) * Float32Noise;
}
