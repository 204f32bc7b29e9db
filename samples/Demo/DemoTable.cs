using System.Globalization;

namespace FlashRt.Samples.Demo;

/// <summary>The table at the end of the demo.</summary>
internal static class DemoTable
{
    private static readonly string[] Heads =
        ["model", "nodes", "after", "max abs", "max rel", "cosine", "sites ok", "before", "after", "fused ops"];

    public static void Print(TextWriter output, IReadOnlyList<DemoRow> rows)
    {
        string[][] cells = [Heads, .. rows.Select(Cells)];
        int[] widths = [.. Heads.Select((_, column) => cells.Max(row => row[column].Length))];
        foreach (var row in cells)
            output.WriteLine(string.Join("  ", row.Select((cell, i) => IsText(i) ? cell.PadRight(widths[i]) : cell.PadLeft(widths[i]))).TrimEnd());
        output.WriteLine();
        output.WriteLine("Errors are of the rewritten model's outputs against the original's on stock ONNX Runtime's CPU provider.");
        output.WriteLine("Times are medians of one run in fixed buffers: the original on stock ONNX Runtime, and the rewritten model, both fully optimised.");
    }

    private static bool IsText(int column) => column == 0 || column == Heads.Length - 1;

    private static string[] Cells(DemoRow row) =>
    [
        row.Model,
        $"{row.Rewrite.NodesBefore}",
        $"{row.Rewrite.NodesAfter}",
        Number(row.Proof.Outputs.Max(o => o.MaxAbs), "0.0e+0"),
        Number(row.Proof.Outputs.Max(o => o.MaxRel), "0.0e+0"),
        Number(row.Proof.Outputs.Min(o => o.Cosine), "0.0000000"),
        $"{row.Proof.Sites.Count(s => s.Passed)}/{row.Proof.Sites.Count}",
        Milliseconds(row.Before.P50Us),
        Milliseconds(row.After.P50Us),
        string.Join(", ", row.Rewrite.Fusions.Select(f => $"{f.Value} {f.Key}")),
    ];

    private static string Milliseconds(double microseconds) => Number(microseconds / 1000, "0.000") + " ms";

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
