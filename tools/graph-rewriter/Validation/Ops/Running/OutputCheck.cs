using System.Globalization;

namespace FlashRt.Validation.Ops;

/// <summary>One output of one call held against what it should be.</summary>
/// <param name="Passed">Whether every element is within its tolerance.</param>
/// <param name="WorstError">Absolute error (for codes: steps) where error and tolerance are in the worst proportion.</param>
/// <param name="Tolerance">What was allowed there.</param>
/// <param name="Failure">The first thing wrong, or null.</param>
public sealed record OutputCheck(bool Passed, double WorstError, double Tolerance, string? Failure)
{
    /// <summary>
    /// Float outputs: two units in the last place, plus the noise of float32 arithmetic. FP8 and int8 outputs: one code step, and 99% exact.
    /// Everything else bit for bit.
    /// </summary>
    public static OutputCheck Of(Expected expected, OpTensor actual)
    {
        if (!expected.Shape.SequenceEqual(actual.Shape))
            return Failed($"shape {new OpTensor(expected.Type, expected.Shape, []).ShapeText} expected, got {actual.ShapeText}");
        if (OpModel.Outside(expected.Type) != actual.Type)
            return Failed($"type {OpModel.Outside(expected.Type)} expected, got {actual.Type}");
        if (expected.BitExact)
            return Exact(expected, actual);
        return expected.Type switch
        {
            ElementType.Float8E4M3 => Codes(expected, actual, Float8.Ordinal),
            ElementType.Int8 => Codes(expected, actual, v => (int)v),
            _ => Floats(expected, actual),
        };
    }

    private static OutputCheck Floats(Expected expected, OpTensor actual)
    {
        double worst = 0, error = 0, tolerance = 0;
        string? failure = null;
        for (long i = 0; i < actual.Count; i++)
        {
            double wanted = Rounding.To(expected.Type, expected.Values[i]), got = actual.Values[i];
            if (wanted.Equals(got))
                continue;
            var allowed = 2 * Rounding.Ulp(expected.Type, wanted) + (double.IsFinite(wanted) ? expected.NoiseOf(i) : 0) + Math.ScaleB(1, -120);
            var e = OverflowsEitherWay(expected, i, wanted, got) ? 0 : Math.Abs(got - wanted);
            if (e <= worst * allowed)
                continue;
            (error, tolerance) = (e, allowed);
            worst = double.IsNaN(e) || double.IsInfinity(e) ? double.PositiveInfinity : e / allowed;
            if (!(e <= allowed))
                failure ??= Describe(expected, i, wanted, got, allowed);
        }
        return new OutputCheck(failure is null, error, tolerance, failure);
    }

    // Where noise decides between the largest value and infinity, both are right.
    private static bool OverflowsEitherWay(Expected expected, long index, double wanted, double got)
    {
        if (!double.IsFinite(expected.Values[index]) || double.IsNaN(got) || Math.Sign(wanted) != Math.Sign(got) || double.IsInfinity(wanted) == double.IsInfinity(got))
            return false;
        double largest = Rounding.Largest(expected.Type), edge = largest + Rounding.Ulp(expected.Type, largest) / 2;
        return Math.Abs(Math.Abs(expected.Values[index]) - edge) <= expected.NoiseOf(index);
    }

    private static OutputCheck Codes(Expected expected, OpTensor actual, Func<double, int> ordinal)
    {
        long different = 0, worst = 0;
        string? failure = null;
        for (long i = 0; i < actual.Count; i++)
        {
            double wanted = expected.Values[i], got = actual.Values[i], noise = expected.Noise?[i] is { } n && double.IsFinite(n) ? n : 0;
            if (double.IsNaN(wanted) && double.IsNaN(got))
                continue;
            // Any code between those of the ends of the noise is exact.
            int low = ordinal(wanted - noise), high = ordinal(wanted + noise);
            long steps = double.IsNaN(wanted) || double.IsNaN(got) ? int.MaxValue : Math.Max(0, Math.Max(low - ordinal(got), ordinal(got) - high));
            if (steps == 0)
                continue;
            different++;
            worst = Math.Max(worst, steps);
            if (steps > 1)
                failure ??= Describe(expected, i, Rounding.To(expected.Type, wanted), got, 1);
        }
        if (failure is null && different > Math.Max(1, actual.Count / 100))
            failure = $"{different} of {actual.Count} codes differ by one step; at most 1% may";
        return new OutputCheck(failure is null, worst, 1, failure);
    }

    private static OutputCheck Exact(Expected expected, OpTensor actual)
    {
        for (long i = 0; i < actual.Count; i++)
        {
            double wanted = expected.Values[i], got = actual.Values[i];
            if (BitConverter.DoubleToInt64Bits(wanted) != BitConverter.DoubleToInt64Bits(got) && !(double.IsNaN(wanted) && double.IsNaN(got)))
                return new OutputCheck(false, Math.Abs(wanted - got), 0, Describe(expected, i, wanted, got, 0));
        }
        return new OutputCheck(true, 0, 0, null);
    }

    private static OutputCheck Failed(string why) => new(false, double.NaN, 0, why);

    private static string Describe(Expected expected, long index, double wanted, double got, double allowed)
    {
        var at = new long[expected.Shape.Length];
        for (var (axis, rest) = (at.Length - 1, index); axis >= 0; rest /= expected.Shape[axis--])
            at[axis] = rest % expected.Shape[axis];
        return string.Create(CultureInfo.InvariantCulture, $"element [{string.Join(", ", at)}]: {wanted:g9} expected, got {got:g9}, tolerance {allowed:g3}");
    }
}
