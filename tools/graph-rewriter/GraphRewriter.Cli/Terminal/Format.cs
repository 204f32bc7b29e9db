using System.Globalization;

namespace FlashRt.GraphRewriter.Cli;

/// <summary>How numbers are printed.</summary>
internal static class Format
{
    public static string Error(double value) => value.ToString("0.0e+0", CultureInfo.InvariantCulture);

    public static string Cosine(double value) => value.ToString("0.0000000", CultureInfo.InvariantCulture);

    public static string Microseconds(double value) => value.ToString("0.0", CultureInfo.InvariantCulture);

    public static string Gigabytes(long bytes) => (bytes / 1e9).ToString("0.0 GB", CultureInfo.InvariantCulture);

    public static string Count(int n, string thing) => n == 1 ? $"1 {thing}" : $"{n} {thing}s";
}
