namespace FlashRt.GraphRewriter.Cli.Commands;

/// <summary>A validation report as tables: outputs, recorded outputs, sites by op, and each site that failed.</summary>
internal static class ValidationPrinter
{
    private static readonly string[] Heads = ["max abs>", "max rel>", "cosine>", "result"];

    public static void Print(Terminal terminal, ValidationReport report)
    {
        Outputs(terminal, "output", report.Outputs);
        Outputs(terminal, "against the recorded output", report.Recorded);
        if (report.Sites.Count > 0)
            terminal.Table(["fused op", "sites>", .. Heads], report.Sites.GroupBy(s => s.Op).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => new[]
            {
                g.Key, $"{g.Count()}", Format.Error(g.Max(s => s.MaxAbs)), Format.Error(g.Max(s => s.MaxRel)), Format.Cosine(g.Min(s => s.Cosine)),
                g.Count(s => !s.Passed) is > 0 and var failed ? $"{failed} FAILED" : "ok",
            }));
        foreach (var site in report.Sites.Where(s => !s.Passed))
            terminal.Line($"[red]site {Markup.Escape(site.Name)} ({site.Op}) failed[/]: {Markup.Escape(Reason(site))}");
        foreach (var note in report.Notes) terminal.Line($"note: {Markup.Escape(note)}");
        terminal.Line(report.Passed
            ? $"[green]passed[/] on {Markup.Escape(string.Join(", ", report.Data))} ({report.Provider})"
            : $"[red]not within tolerance[/] on {Markup.Escape(string.Join(", ", report.Data))} ({report.Provider})");
    }

    private static void Outputs(Terminal terminal, string head, IReadOnlyList<OutputComparison> outputs)
    {
        if (outputs.Count == 0) return;
        terminal.Table([head, .. Heads], outputs.Select(o => new[]
        {
            o.Name, Format.Error(o.MaxAbs), Format.Error(o.MaxRel), Format.Cosine(o.Cosine), o.Passed ? "ok" : "FAILED: " + Reason(o),
        }));
    }

    private static string Reason(SiteComparison site) =>
        site.Error ?? string.Join("; ", site.Outputs.Where(o => !o.Passed)
            .Select(o => $"{o.Name} is off by {Format.Error(o.MaxAbs)} on {o.Data}, {Reason(o)}"));

    private static string Reason(OutputComparison output) => output.NonFinite > 0
        ? $"{Format.Count((int)Math.Min(output.NonFinite, int.MaxValue), "element")} NaN or infinite on one side only"
        : $"allowed are {Format.Error(output.Atol)} + {Format.Error(output.Rtol)} of the value";
}
