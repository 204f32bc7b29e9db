using FlashRt.Validation.Html;

namespace FlashRt.GraphRewriter.Cli.Commands;

/// <summary>flashrt rewrite: replaces what the rules recognise by FlashRT ops.</summary>
internal static class RewriteCommand
{
    private const int ShownSites = 20;

    public static Command Create(Terminal terminal)
    {
        var input = CommonArguments.Model("IN.onnx", "The model to rewrite.");
        var output = CommonArguments.Output();
        var shapes = CommonArguments.Shapes();
        var dims = CommonArguments.Dims();
        var rules = CommonArguments.Rules();
        var report = CommonArguments.Report();
        var html = CommonArguments.Html();
        var validate = new Option<bool>("--validate") { Description = "Prove the result on random inputs, site by site; the exit code is 1 when it fails." };
        var noFallback = new Option<bool>("--no-fallback")
        {
            Description = "Leave out the bodies of the fused ops: a smaller file that needs the library, and can be neither restored nor proved site by site.",
        };
        var noMerge = new Option<bool>("--no-merge")
        {
            Description = "Keep gate and up, and queries, keys and values, as products of their own, and every weight as it is stored.",
        };
        var repair = new Option<bool>("--repair")
        {
            Description = "Insert the casts that a model lacks which mixes element types (some float16 exports do), and say which.",
        };
        var cache = new Option<string>("--kv-cache")
        {
            Description = "in-place or in-place:CAPACITY: write new keys and values into past inputs of that capacity instead of concatenating them. Changes the shapes of past and present.",
        };
        cache.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } text && Capacity(text) is null) result.AddError($"--kv-cache takes in-place or in-place:CAPACITY, not '{text}'.");
        });
        var command = new Command("rewrite", "Rewrites a model to FlashRT ops.") { input, output, shapes, dims, rules, report, html, validate, repair, noFallback, noMerge, cache };
        command.KeepApart([input, rules], [output, report, html]);
        command.Validators.Add(result =>
        {
            if (result.GetValue(validate) && result.GetResult(cache) is not null)
                result.AddError("--kv-cache changes what the model takes and gives, so --validate cannot run both models on the same data.");
        });
        command.SetAction(parsed => Run(terminal, parsed.GetValue(input)!, parsed.GetValue(output)!,
            new RewriteOptions { Shapes = parsed.GetValue(shapes)!, Dims = parsed.GetValue(dims)!, OwnRules = CommonArguments.LoadRules(parsed.GetValue(rules)!), Repair = parsed.GetValue(repair), CacheCapacity = parsed.GetValue(cache) is { } text ? Capacity(text) : null, Fallback = !parsed.GetValue(noFallback), MergeProjections = !parsed.GetValue(noMerge) }, parsed.GetValue(report), parsed.GetValue(html), parsed.GetValue(validate)));
        return command;
    }

    // 0 stands for the length that present has in the model.
    private static long? Capacity(string text) => text == "in-place" ? 0
        : text.StartsWith("in-place:", StringComparison.Ordinal) && long.TryParse(text["in-place:".Length..], out var rows) && rows > 0 ? rows : null;

    private static int Run(Terminal terminal, string input, string output, RewriteOptions options, string? reportPath, string? htmlPath, bool validate)
    {
        var report = terminal.Work("rewriting", progress =>
        {
            var model = OnnxModel.Load(input, mixedTypes: options.Repair);
            CommonArguments.SpareWeights(model, output, reportPath, htmlPath);
            ShapeCheck.Of(model, options.Shapes, options.Dims);
            var result = Rewriter.Rewrite(model, options, new PassProgress(progress));
            model.Save(output);
            return result;
        });
        if (reportPath is not null) AtomicFile.Write(reportPath, report.ToJson());
        Print(terminal, report);
        terminal.Line($"wrote {Markup.Escape(output)}");
        return htmlPath is null && !validate ? ExitCode.Ok : Finish(terminal, input, output, report, options, htmlPath, validate);
    }

    // Both files are read again, so that what is shown and proved is what was written.
    private static int Finish(Terminal terminal, string input, string output, RewriteReport report, RewriteOptions options, string? htmlPath, bool validate)
    {
        OnnxModel before = OnnxModel.Load(input, mixedTypes: options.Repair), after = OnnxModel.Load(output);
        var proof = !validate ? null : terminal.Work("validating", progress =>
            Validator.Validate(before, after, new ValidationOptions { Shapes = Sizes(after), Sites = options.Fallback }, progress));
        if (proof is not null) ValidationPrinter.Print(terminal, proof);
        if (htmlPath is not null) AtomicFile.Write(htmlPath, HtmlReport.Of(report, before, after, proof));
        return proof is null or { Passed: true } ? ExitCode.Ok : ExitCode.Refused;
    }

    // The sizes that --shape and --dims gave the inputs.
    private static Dictionary<string, long[]> Sizes(OnnxModel model) => model.Proto.Graph.Input.Select(i => (i.Name, Sizes: model.Graph.Find(i.Name)!.Shape?.Static()))
        .Where(i => i.Sizes is not null).ToDictionary(i => i.Name, i => i.Sizes!);

    /// <summary>The summary that inspect prints too.</summary>
    public static void Print(Terminal terminal, RewriteReport report)
    {
        terminal.Line($"[bold]{report.NodesBefore} nodes before, {report.NodesAfter} after[/]; {Format.Count(report.Sites.Count, "fused op")}, " +
            $"{Format.Count(report.NotFused.Count, "site")} not fused");
        foreach (var repaired in report.Repairs.Take(ShownSites)) terminal.Line(Markup.Escape($"repaired {repaired.Node}: {repaired.Change}"));
        if (report.Repairs.Count > ShownSites) terminal.Line($"and {report.Repairs.Count - ShownSites} more repairs; --report lists them all");
        if (report.Canonical.Count > 0) terminal.Line($"canonical form: {string.Join(", ", report.Canonical.Select(c => $"{c.Key.ToLowerInvariant()} {c.Value}"))}");
        if (report.Fusions.Count > 0) terminal.Table(["fused op", "sites>"], report.Fusions.Select(f => new[] { f.Key, $"{f.Value}" }));
        if (report.NotFused.Count == 0) return;
        terminal.Table(["not fused", "node", "reason"], report.NotFused.Take(ShownSites).Select(n => new[] { n.Rule, n.Node, n.Reason }));
        if (report.NotFused.Count > ShownSites) terminal.Line($"and {report.NotFused.Count - ShownSites} more; --report lists them all");
    }

    private sealed class PassProgress(IProgress<(int Done, int Total)> progress) : IProgress<RewriteProgress>
    {
        public void Report(RewriteProgress value) => progress.Report((value.Done, value.Total));
    }
}
