namespace FlashRt.Validation;

/// <summary>
/// What counts as equal: |result - reference| ≤ atol + rtol · |reference| for every element. Where <see cref="Atol"/> is not given
/// it is <see cref="Scale"/> times the RMS of the reference, because rounding errors of a sum grow with its terms and not with its
/// value: an output near zero carries the error of its neighbours. docs/validation.md gives the reasons for the numbers.
/// </summary>
public sealed record Tolerance(double Rtol, double? Atol, double Scale)
{
    /// <summary>The absolute part for a reference of the given RMS.</summary>
    public double AbsoluteFor(double rms) => Atol ?? Scale * rms;

    /// <summary>For outputs of a whole model, by the narrowest float type that it computes in.</summary>
    public static Tolerance OfModel(DataType precision) => precision switch
    {
        DataType.Float or DataType.Double => new(1e-4, null, 1e-4),
        DataType.Float16 => new(2e-2, null, 2e-2),
        DataType.Bfloat16 => new(1e-1, null, 1e-1),
        _ => new(2e-1, null, 2e-1),
    };

    /// <summary>For outputs of a single op, by their type.</summary>
    public static Tolerance OfSite(DataType output) => output switch
    {
        DataType.Float or DataType.Double => new(1e-5, null, 1e-5),
        DataType.Float16 => new(2e-3, null, 2e-3),
        DataType.Bfloat16 => new(1.6e-2, null, 1.6e-2),
        DataType.Float8E4M3Fn => new(0.13, 0.002, 0),
        _ => new(0, 1, 0),
    };

    /// <summary>The same with what the user asked for instead.</summary>
    public Tolerance With(double? rtol, double? atol) => this with { Rtol = rtol ?? Rtol, Atol = atol ?? Atol };
}
