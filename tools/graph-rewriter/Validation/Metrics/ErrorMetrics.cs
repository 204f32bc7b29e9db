namespace FlashRt.Validation;

/// <summary>
/// How far a result is from its reference. Elements that are NaN or infinite in the same way on both sides count as equal; others
/// of that kind are counted in <see cref="NonFinite"/> and take no part in the numbers, which are therefore always finite.
/// </summary>
/// <param name="MaxAbs">Largest |result - reference|.</param>
/// <param name="MaxRel">Largest |result - reference| / max(|reference|, RMS of the reference), element by element.</param>
/// <param name="Cosine">Cosine between both taken as vectors; 1 when both are zero.</param>
/// <param name="Rms">Root mean square of the reference.</param>
/// <param name="Excess">Largest |result - reference| / (atol + rtol |reference|): up to 1 is within tolerance.</param>
/// <param name="NonFinite">Elements where one side is NaN or infinite and the other is not the same.</param>
public sealed record ErrorMetrics(double MaxAbs, double MaxRel, double Cosine, double Rms, double Excess, long NonFinite)
{
    private const int Chunk = 4096;

    /// <summary>True when every element is within the tolerance that was compared with.</summary>
    public bool Passed => NonFinite == 0 && Excess <= 1;

    /// <summary>Compares element by element. Shapes must agree; types need not.</summary>
    public static ErrorMetrics Of(HostTensor result, HostTensor reference, Tolerance tolerance)
    {
        if (!result.Dims.SequenceEqual(reference.Dims))
            throw new ValidationException($"The result is {result} where the reference is {reference}: the shapes differ.");
        var sums = new Sums();
        ForEach(result, reference, sums.Add);
        var rms = sums.Finite == 0 ? 0 : Math.Sqrt(sums.ReferenceSquares / sums.Finite);
        var largest = new Largest(rms, tolerance.AbsoluteFor(rms), tolerance.Rtol);
        ForEach(result, reference, largest.Add);
        return new ErrorMetrics(largest.Abs, largest.Rel, sums.Cosine, rms, largest.Excess, sums.NonFinite);
    }

    private static void ForEach(HostTensor result, HostTensor reference, Action<double, double> add)
    {
        Span<double> left = new double[Chunk], right = new double[Chunk];
        for (var at = 0L; at < reference.Count; at += Chunk)
        {
            var n = (int)Math.Min(Chunk, reference.Count - at);
            result.Read(at, left[..n]);
            reference.Read(at, right[..n]);
            for (var i = 0; i < n; i++) add(left[i], right[i]);
        }
    }

    private static bool Comparable(double result, double reference) => double.IsFinite(result) && double.IsFinite(reference);

    private sealed class Sums
    {
        private double _resultSquares, _products;

        public double ReferenceSquares { get; private set; }
        public long Finite { get; private set; }
        public long NonFinite { get; private set; }

        public double Cosine =>
            ReferenceSquares == 0 && _resultSquares == 0 ? 1 :
            ReferenceSquares == 0 || _resultSquares == 0 ? 0 :
            Math.Clamp(_products / Math.Sqrt(ReferenceSquares) / Math.Sqrt(_resultSquares), -1, 1);

        public void Add(double result, double reference)
        {
            if (!Comparable(result, reference))
            {
                if (!result.Equals(reference)) NonFinite++;  // Equals holds for NaN and NaN
                return;
            }
            Finite++;
            ReferenceSquares += reference * reference;
            _resultSquares += result * result;
            _products += result * reference;
        }
    }

    private sealed class Largest(double rms, double atol, double rtol)
    {
        public double Abs { get; private set; }
        public double Rel { get; private set; }
        public double Excess { get; private set; }

        public void Add(double result, double reference)
        {
            if (!Comparable(result, reference)) return;
            var error = Math.Abs(result - reference);
            if (error == 0) return;
            var size = Math.Abs(reference);
            var allowed = atol + rtol * size;
            Abs = Math.Max(Abs, error);
            Rel = Math.Max(Rel, error / (Math.Max(size, rms) is > 0 and var guard ? guard : 1));
            Excess = Math.Max(Excess, allowed > 0 ? error / allowed : double.MaxValue);
        }
    }
}
