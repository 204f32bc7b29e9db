using System.Reflection;
using static FlashRt.Validation.Html.HtmlText;

namespace FlashRt.Validation.Html;

/// <summary>A rewrite as one page that needs no network: totals, fusions, layers before and after, errors of sites, what was left alone.</summary>
public static class HtmlReport
{
    private const int MostPictures = 6, MostNodes = 600;

    /// <summary>
    /// The page; without <paramref name="validation"/> it says how to get one, and without <paramref name="rest"/>, where nobody looked for
    /// what was left alone, how to find that out.
    /// </summary>
    public static string Of(RewriteReport report, OnnxModel before, OnnxModel after, ValidationReport? validation, bool rest = true) => Fill(Template(), new()
    {
        ["title"] = Escape(Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(before.Path ?? "model"))) + "/" + Path.GetFileName(before.Path ?? "model")),
        ["totals"] = Totals(report, before, after, validation, rest),
        ["fusions"] = Fusions(report),
        ["strip"] = ModelStrip.Svg(before.Graph, after.Graph),
        ["layers"] = Pictures(before.Graph, after.Graph),
        ["proof"] = Proof(validation),
        ["not-fused"] = rest ? NotFused(report) : "<p><code>flashrt explain</code> says what was left alone, and why.</p>",
    });

    private static string Totals(RewriteReport report, OnnxModel before, OnnxModel after, ValidationReport? validation, bool rest)
    {
        string Card(string number, string words, string kind = "") => $"<div class=\"card {kind}\"><b>{Escape(number)}</b>{Escape(words)}</div>\n";
        return Card($"{before.Graph.Nodes.Count}", "nodes before") + Card($"{after.Graph.Nodes.Count}", "nodes after") + Card($"{report.Sites.Count}", "fused ops")
            + (rest ? Card($"{report.NotFused.Count}", "sites not fused") : "")
            + (validation is null ? "" : validation.Passed ? Card("passed", $"validated on {validation.Provider}", "good") : Card("failed", $"validated on {validation.Provider}", "bad"));
    }

    private static string Fusions(RewriteReport report) => report.Sites.Count == 0 ? "<p>Nothing was fused.</p>" : Table(["op", "sites>", "nodes replaced>", "rules"],
        report.Sites.GroupBy(s => s.Op).OrderByDescending(g => g.Count()).Select(g => new[]
        {
            g.Key, $"{g.Count()}", $"{g.Sum(s => s.Nodes.Count)}", string.Join(", ", g.Select(s => s.Rule).Where(r => r.Length > 0).Distinct()),
        }));

    // Layers of one structure are drawn once.
    private static string Pictures(Graph before, Graph after)
    {
        static string Form(IReadOnlyList<Node> nodes) => string.Join(' ', nodes.Select(n => n.OpType));
        var changed = Layers.Of(after).ToDictionary(l => l.Layer, l => l.Nodes);
        var forms = Layers.Of(before).Select(l => (l.Layer, l.Nodes, After: changed.GetValueOrDefault(l.Layer, [])))
            .GroupBy(l => (Form(l.Nodes), Form(l.After))).ToList();
        var drawn = forms.Take(MostPictures).Select((form, i) =>
        {
            var (layer, nodes, now) = form.First();
            var title = string.Join(", ", form.Select(l => Layers.Title(l.Layer))) + $": {nodes.Count} nodes before, {now.Count} after";
            var pictures = nodes.Count > MostNodes ? "<p>Too many nodes to draw.</p>"
                : $"<div class=pair><figure><figcaption>before</figcaption>{LayerPicture.Svg(nodes, $"{Layers.Title(layer)} before")}</figure>"
                + $"<figure><figcaption>after</figcaption>{LayerPicture.Svg(now, $"{Layers.Title(layer)} after")}</figure></div>";
            return $"<details{(form.Key == Widest(forms) ? " open" : "")}><summary>{Escape(title)}</summary>{pictures}</details>\n";
        });
        return string.Concat(drawn) + (forms.Count > MostPictures ? $"<p>{forms.Count - MostPictures} further forms are not drawn.</p>" : "");
    }

    private static TKey Widest<TKey, T>(IEnumerable<IGrouping<TKey, T>> groups) => groups.MaxBy(g => g.Count())!.Key;

    private static string Proof(ValidationReport? validation)
    {
        if (validation is null) return "<p>Not validated. <code>flashrt rewrite --html R.html --validate</code> and <code>flashrt validate --sites --html R.html</code> add this part.</p>";
        if (validation.Error is { } error) return $"<p class=bad>{Escape(error)}</p>";
        var outputs = Table(["output", "max abs>", "max rel>", "result"],
            validation.Outputs.Select(o => new[] { o.Name, Error(o.MaxAbs), Error(o.MaxRel), o.Passed ? "ok" : "FAILED" }));
        var failed = validation.Sites.Where(s => !s.Passed).ToList();
        return outputs + (validation.Sites.Count == 0 ? "" : "<h3>Largest relative error of each fused op</h3>" + SitePlot.Svg(validation.Sites))
            + (failed.Count == 0 ? "" : Table(["failed site", "op", "reason"], failed.Select(s => new[] { s.Name, s.Op, s.Error ?? $"relative error {Error(s.MaxRel)}" })))
            + string.Concat(validation.Notes.Select(n => $"<p>{Escape(n)}</p>\n"));
    }

    private static string NotFused(RewriteReport report) => report.NotFused.Count == 0 ? "<p>Every place that looks fusable was fused.</p>"
        : Table(["rule", "places>", "first node", "reason"], UnfusedGroup.Of(report.NotFused).Select(g => new[] { g.Rule, $"{g.Sites.Count}", g.First.Node, g.First.Reason }));

    private static string Template()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("report.html")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private static string Fill(string template, Dictionary<string, string> parts) =>
        parts.Aggregate(template, (page, part) => page.Replace("{{" + part.Key + "}}", part.Value, StringComparison.Ordinal));
}
