namespace FlashRt.Validation;

/// <summary>
/// What counts as equal: |result - reference| ≤ atol + rtol · |reference| for every element. Where <see cref="Atol"/> is not given
/// it is <see cref="Scale"/> times the RMS of the reference, and at least <see cref="Step"/>: rounding errors of a sum grow with
/// its terms and not with its value, so an output near zero carries the error of its neighbours. docs/validation.md has the
/// reasons for the numbers.
/// </summary>
/// <param name="Rtol">Relative to each element.</param>
/// <param name="Atol">Absolute, when the caller asks for it.</param>
/// <param name="Scale">Relative to the root mean square of the reference.</param>
/// <param name="Step">Distance of the smallest values that the type has.</param>
public sealed record Tolerance(double Rtol, double? Atol, double Scale, double Step = 0)
{
    internal const double Float16Step = 1.0 / (1 << 24), Float8Step = 1.0 / (1 << 9);

    /// <summary>Allows nothing.</summary>
    public static readonly Tolerance None = new(0, 0, 0);

    /// <summary>The absolute part for a reference of the given RMS.</summary>
    public double AbsoluteFor(double rms) => Atol ?? Math.Max(Scale * rms, Step);

    /// <summary>
    /// For outputs of a single op, by its name and their type. An op that works element by element rounds each result once, whatever
    /// the others are; a sum over a row carries the rounding of its largest terms.
    /// </summary>
    public static Tolerance OfSite(string op, DataType output) => output switch
    {
        DataType.Float or DataType.Double => new(1e-5, null, 1e-5),
        DataType.Float16 => new(2e-3, null, Sums(op) ? 2e-3 : 1e-4, Float16Step),
        DataType.Bfloat16 => new(1.6e-2, null, Sums(op) ? 1.6e-2 : 2e-4),
        DataType.Float8E4M3Fn => new(0.13, null, 0, Float8Step),
        _ => new(0, 1, 0),
    };

    /// <summary>The same with what the user asked for instead.</summary>
    public Tolerance With(double? rtol, double? atol) => this with { Rtol = rtol ?? Rtol, Atol = atol ?? Atol };

    private static bool Sums(string op) => new[] { "Norm", "Softmax", "Attention", "Gemm" }.Any(op.Contains);
}
