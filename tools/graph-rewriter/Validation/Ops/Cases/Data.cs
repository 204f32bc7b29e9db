namespace FlashRt.Validation.Ops;

/// <summary>Makes operands for one sample: seeded, and rounded to their type.</summary>
/// <param name="signature">The call that the operands are for.</param>
/// <param name="seed">Seed of the random numbers.</param>
internal sealed class Data(OpSignature signature, int seed)
{
    private readonly Random _random = new(seed);

    public OpSignature Signature => signature;

    /// <summary>Value of the type variable.</summary>
    public ElementType T => signature.Type;

    public long Int(string attribute) => (long)signature.Attribute(attribute);

    public string Text(string attribute) => (string)signature.Attribute(attribute);

    /// <summary>Normally distributed values of type T.</summary>
    public OpTensor Normal(long[] shape, double deviation = 1, double mean = 0, ElementType? type = null) =>
        Make(shape, type ?? T, () => mean + deviation * Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble()));

    /// <summary>Uniformly distributed values of type T.</summary>
    public OpTensor Uniform(long[] shape, double low, double high, ElementType? type = null) => Make(shape, type ?? T, () => low + (high - low) * _random.NextDouble());

    /// <summary>Uniformly distributed integers, both ends included.</summary>
    public OpTensor Integers(long[] shape, long low, long high, ElementType type) => Make(shape, type, () => _random.NextInt64(low, high + 1));

    /// <summary>The same value everywhere.</summary>
    public OpTensor Constant(long[] shape, double value, ElementType? type = null) => Make(shape, type ?? T, () => value);

    /// <summary>The given values, over and over.</summary>
    public OpTensor Cycle(long[] shape, IReadOnlyList<double> values, ElementType? type = null)
    {
        var next = 0;
        return Make(shape, type ?? T, () => values[next++ % values.Count]);
    }

    /// <summary>A float32 scalar, e.g. a quantisation scale.</summary>
    public OpTensor Scale(double value) => Constant([1], value, ElementType.Float32);

    /// <summary>The cosines or sines of a rotary table.</summary>
    public (OpTensor Cos, OpTensor Sin) RotaryTables(long[] leading, long rotary, bool half, bool interleaved, double first = 0)
    {
        var rows = OpTensor.CountOf(leading);
        var width = half ? rotary / 2 : rotary;
        var angles = new double[rows * width];
        for (long i = 0; i < angles.LongLength; i++)
        {
            var column = i % width;
            var pair = half ? column : interleaved ? column / 2 : column % (rotary / 2);
            angles[i] = (first + i / width) * Math.Pow(10000, -2.0 * pair / rotary);
        }
        OpTensor Table(Func<double, double> f) => new(T, [.. leading, width], [.. angles.Select(a => Rounding.To(T, f(a)))]);
        return (Table(Math.Cos), Table(Math.Sin));
    }

    private static OpTensor Make(long[] shape, ElementType type, Func<double> next)
    {
        var values = new double[OpTensor.CountOf(shape)];
        for (long i = 0; i < values.LongLength; i++)
            values[i] = Rounding.To(type, next());
        return new OpTensor(type, shape, values);
    }
}
