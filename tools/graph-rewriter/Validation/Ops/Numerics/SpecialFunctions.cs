namespace FlashRt.Validation.Ops;

/// <summary>Functions that System.Math lacks.</summary>
internal static class SpecialFunctions
{
    /// <summary>The error function, to about 1e-15: its Taylor series near zero, a continued fraction of erfc elsewhere.</summary>
    public static double Erf(double x)
    {
        if (double.IsNaN(x))
            return x;
        var magnitude = Math.Abs(x);
        if (magnitude > 6)
            return Math.Sign(x);
        return magnitude < 2.5 ? Series(x) : Math.Sign(x) * (1 - ContinuedFraction(magnitude));
    }

    private static double Series(double x)
    {
        double term = x, sum = x;
        for (var n = 1; Math.Abs(term) > 1e-18 * Math.Abs(sum); n++)
        {
            term *= -x * x / n;
            sum += term / (2 * n + 1);
        }
        return 2 / Math.Sqrt(Math.PI) * sum;
    }

    private static double ContinuedFraction(double x)
    {
        var tail = 0.0;
        for (var k = 60; k > 0; k--)
            tail = k / 2.0 / (x + tail);
        return Math.Exp(-x * x) / Math.Sqrt(Math.PI) / (x + tail);
    }
}
