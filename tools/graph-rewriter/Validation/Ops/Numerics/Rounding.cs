namespace FlashRt.Validation.Ops;

/// <summary>Rounds float64 values to the small formats, nearest even, and knows the distance between neighbours there.</summary>
public static class Rounding
{
    private readonly record struct Format(int MantissaBits, int MinExponent, double Largest, bool Saturates);

    private static readonly Format Float32 = new(23, -126, float.MaxValue, false);
    private static readonly Format Float16 = new(10, -14, 65504, false);
    private static readonly Format BFloat16 = new(7, -126, 3.3895313892515355e38, false);
    private static readonly Format Float8 = new(3, -6, 448, true);

    /// <summary>rT(v): the value of <paramref name="type"/> next to <paramref name="value"/>. Float16 overflows to infinity, FP8 saturates and keeps NaN.</summary>
    public static double To(ElementType type, double value)
    {
        if (FormatOf(type) is not { } format)
            return value;
        if (double.IsNaN(value) || value == 0)
            return value;
        if (double.IsInfinity(value))
            return format.Saturates ? Math.CopySign(format.Largest, value) : value;
        var unit = Unit(format, value);
        var rounded = Math.Round(value / unit, MidpointRounding.ToEven) * unit;
        if (Math.Abs(rounded) <= format.Largest)
            return rounded;
        return Math.CopySign(format.Saturates ? format.Largest : double.PositiveInfinity, value);
    }

    /// <summary>One unit in the last place of <paramref name="value"/> as a <paramref name="type"/>; 0 for integers.</summary>
    public static double Ulp(ElementType type, double value) =>
        FormatOf(type) is { } format && double.IsFinite(value) ? Unit(format, value) : 0;

    /// <summary>The largest finite value of a float type.</summary>
    public static double Largest(ElementType type) =>
        FormatOf(type)?.Largest ?? throw new ArgumentException($"{type} is no float type.", nameof(type));

    private static double Unit(Format format, double value)
    {
        var exponent = value == 0 ? format.MinExponent : Math.Max(Math.ILogB(value), format.MinExponent);
        return Math.ScaleB(1, exponent - format.MantissaBits);
    }

    private static Format? FormatOf(ElementType type) => type switch
    {
        ElementType.Float32 => Float32,
        ElementType.Float16 => Float16,
        ElementType.BFloat16 => BFloat16,
        ElementType.Float8E4M3 => Float8,
        _ => null,
    };
}
