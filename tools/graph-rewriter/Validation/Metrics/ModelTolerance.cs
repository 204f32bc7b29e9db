namespace FlashRt.Validation;

/// <summary>
/// The tolerance for the outputs of a whole model. In narrow types it follows the model: a rewrite may change an output by a few
/// times what rounding already changes there, which is the difference between the original in its own types and in float32.
/// </summary>
public static class ModelTolerance
{
    private const double FewestRoundoffs = 8, MostRoundoffs = 40, TimesRounding = 3;

    /// <param name="precision">The narrowest float type of the models.</param>
    /// <param name="rounding">What rounding changes in this output, as <see cref="ErrorMetrics.MaxRel"/>; null when that is not known.</param>
    public static Tolerance Of(DataType precision, double? rounding)
    {
        if (Roundoff(precision) is not { } unit) return precision is DataType.Float or DataType.Double ? new(1e-4, null, 1e-4) : new(2e-1, null, 2e-1);
        var part = rounding is { } measured ? Math.Clamp(TimesRounding * measured, FewestRoundoffs * unit, MostRoundoffs * unit) : MostRoundoffs * unit;
        return new Tolerance(part, null, part, precision == DataType.Float16 ? Tolerance.Float16Step : 0);
    }

    /// <summary>True where <see cref="Of"/> makes use of a measured rounding.</summary>
    public static bool IsMeasured(DataType precision) => Roundoff(precision) is not null;

    private static double? Roundoff(DataType precision) => precision switch
    {
        DataType.Float16 => 1.0 / (1 << 11),
        DataType.Bfloat16 => 1.0 / (1 << 8),
        _ => null,
    };
}
