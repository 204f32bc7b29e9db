namespace FlashRt.Validation;

/// <summary>One output against its reference; where several data sets were run, the worst of them.</summary>
/// <param name="Name">Name of the output.</param>
/// <param name="MaxAbs">See <see cref="ErrorMetrics.MaxAbs"/>.</param>
/// <param name="MaxRel">See <see cref="ErrorMetrics.MaxRel"/>.</param>
/// <param name="Cosine">See <see cref="ErrorMetrics.Cosine"/>.</param>
/// <param name="Passed">Within tolerance on every data set.</param>
/// <param name="Rtol">The relative tolerance that was applied.</param>
/// <param name="Atol">The absolute tolerance that was applied.</param>
/// <param name="NonFinite">Elements that are NaN or infinite on one side only.</param>
/// <param name="Data">The data set that the numbers are from.</param>
/// <param name="Reference">What it was compared with.</param>
public sealed record OutputComparison(
    string Name, double MaxAbs, double MaxRel, double Cosine, bool Passed, double Rtol, double Atol, long NonFinite, string Data, string Reference)
{
    internal double Excess { get; private init; }

    internal static OutputComparison Of(string name, HostTensor result, HostTensor expected, Tolerance tolerance, string data, string reference)
    {
        if (!result.Dims.SequenceEqual(expected.Dims))
            throw new ValidationException($"Output '{name}' is {result} where the {reference} one is {expected}: the shapes differ.");
        var m = ErrorMetrics.Of(result, expected, tolerance);
        return new(name, m.MaxAbs, m.MaxRel, m.Cosine, m.Passed, tolerance.Rtol, tolerance.AbsoluteFor(m.Rms), m.NonFinite, data, reference)
        {
            Excess = m.Excess,
        };
    }

    /// <summary>For each name the comparison that is furthest out, in the order in which the names first appear.</summary>
    internal static IReadOnlyList<OutputComparison> Worst(IEnumerable<OutputComparison> comparisons) =>
        [.. comparisons.GroupBy(c => c.Name).Select(g => g.OrderBy(c => c.Passed).ThenByDescending(c => c.NonFinite).ThenByDescending(c => c.Excess).First())];
}
