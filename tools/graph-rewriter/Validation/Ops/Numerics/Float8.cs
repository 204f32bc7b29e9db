namespace FlashRt.Validation.Ops;

/// <summary>FP8 E4M3 "FN": sign, 4 exponent bits with bias 7, 3 mantissa bits, no infinity, NaN 0x7F, largest value 448.</summary>
public static class Float8
{
    /// <summary>The largest finite value.</summary>
    public const double Largest = 448;

    /// <summary>q8: nearest even, saturating, NaN stays NaN.</summary>
    public static byte Encode(double value)
    {
        if (double.IsNaN(value))
            return 0x7F;
        var sign = double.IsNegative(value) ? 0x80 : 0;
        var magnitude = Math.Abs(Rounding.To(ElementType.Float8E4M3, value));
        if (magnitude < 0.015625)
            return (byte)(sign | (int)(magnitude * 512));
        var exponent = Math.ILogB(magnitude);
        var mantissa = (int)((Math.ScaleB(magnitude, -exponent) - 1) * 8);
        return (byte)(sign | ((exponent + 7) << 3) | mantissa);
    }

    /// <summary>The value of a code.</summary>
    public static double Decode(byte code)
    {
        var magnitude = code & 0x7F;
        if (magnitude == 0x7F)
            return double.NaN;
        var value = magnitude < 8 ? magnitude / 512.0 : Math.ScaleB(1 + (magnitude & 7) / 8.0, (magnitude >> 3) - 7);
        return (code & 0x80) != 0 ? -value : value;
    }

    /// <summary>
    /// What the static quantiser converts: with a scale, clamp(v / max(scale, 1e-12)) where the clamp has fmin/fmax semantics (NaN becomes
    /// -448); without one, v. Reciprocal and product are float32: with a measured scale many quotients are exact ties, which the last bit
    /// of either decides.
    /// </summary>
    public static double Scaled(double value, double? scale)
    {
        if (scale is not { } s)
            return value;
        var scaled = (float)value * (1 / MathF.Max((float)s, 1e-12f));
        return float.IsNaN(scaled) ? -Largest : Math.Clamp(scaled, -Largest, Largest);
    }

    /// <summary>Position of a value on the line of codes: neighbours differ by 1, both zeros are 0.</summary>
    public static int Ordinal(double value)
    {
        var code = Encode(value);
        return (code & 0x80) != 0 ? -(code & 0x7F) : code;
    }
}
