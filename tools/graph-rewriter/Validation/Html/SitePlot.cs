using System.Text;
using static FlashRt.Validation.Html.HtmlText;

namespace FlashRt.Validation.Html;

/// <summary>The largest relative error of each fused site on a logarithmic axis, in graph order; a line for each op.</summary>
internal static class SitePlot
{
    private const double Left = 150, Width = 620, RowHeight = 26, Lowest = -8, Highest = 0;

    public static string Svg(IReadOnlyList<SiteComparison> sites)
    {
        var ops = sites.GroupBy(s => s.Op).OrderBy(g => g.Key, StringComparer.Ordinal).ToList();
        var height = ops.Count * RowHeight + 24;
        var svg = new StringBuilder();
        for (var decade = Lowest; decade <= Highest; decade++)
        {
            var x = Number(At(Math.Pow(10, decade)));
            svg.Append($"<line x1=\"{x}\" x2=\"{x}\" y1=\"0\" y2=\"{height - 20}\"/><text class=tick x=\"{x}\" y=\"{height - 6}\">{(decade == Lowest ? "exact" : $"1e{decade}")}</text>");
        }
        for (var row = 0; row < ops.Count; row++)
        {
            var y = row * RowHeight + RowHeight / 2;
            svg.Append($"<text x=\"0\" y=\"{Number(y + 4)}\">{Escape(ops[row].Key)}</text>");
            foreach (var site in ops[row])
                svg.Append($"<circle class=\"{(site.Passed ? "passed" : "failed")}\" cx=\"{Number(IsNumber(site) ? At(site.MaxRel) : Left + Width)}\" cy=\"{Number(y)}\" r=\"4\">")
                    .Append($"<title>{Escape(site.Error ?? $"{site.Name}: relative {Error(site.MaxRel)}, absolute {Error(site.MaxAbs)}")}</title></circle>");
        }
        return $"<svg class=plot viewBox=\"0 0 {Left + Width + 20} {Number(height)}\" width=\"{Left + Width + 20}\" height=\"{Number(height)}\" role=img aria-label=\"largest relative error of each site\">{svg}</svg>\n";
    }

    // What could not be compared, or is NaN on one side, stands at the end.
    private static bool IsNumber(SiteComparison site) => site.Error is null && site.Outputs.All(o => o.NonFinite == 0);

    private static double At(double error) =>
        Left + Width * (Math.Clamp(error > 0 ? Math.Log10(error) : Lowest, Lowest, Highest) - Lowest) / (Highest - Lowest);
}
