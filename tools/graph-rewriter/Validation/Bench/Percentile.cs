namespace FlashRt.Validation;

/// <summary>Percentiles by linear interpolation between the two nearest ranks.</summary>
public static class Percentile
{
    /// <summary>The value below which <paramref name="fraction"/> (0 to 1) of the samples lie.</summary>
    public static double Of(IReadOnlyCollection<double> samples, double fraction)
    {
        if (samples.Count == 0) throw new ArgumentException("A percentile needs at least one sample.", nameof(samples));
        ArgumentOutOfRangeException.ThrowIfNegative(fraction);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(fraction, 1);
        double[] sorted = [.. samples.Order()];
        var rank = fraction * (sorted.Length - 1);
        var below = (int)rank;
        return below == sorted.Length - 1 ? sorted[below] : sorted[below] + (rank - below) * (sorted[below + 1] - sorted[below]);
    }
}
