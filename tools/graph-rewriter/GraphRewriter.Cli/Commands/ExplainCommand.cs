using FlashRt.GraphRewriter.Passes;

namespace FlashRt.GraphRewriter.Cli.Commands;

/// <summary>flashrt explain: for each place that looks like a rule's formula and is not fused, what is in the way.</summary>
internal static class ExplainCommand
{
    private const int ShownNodes = 3;

    public static Command Create(Terminal terminal)
    {
        var input = CommonArguments.Model("MODEL.onnx", "The model to explain.");
        var rule = new Option<string>("--rule") { Description = "Only this rule.", HelpName = "RULE" };
        var node = new Option<string>("--node") { Description = "Only what concerns this node.", HelpName = "NODE" };
        var shapes = CommonArguments.Shapes();
        var dims = CommonArguments.Dims();
        var rules = CommonArguments.Rules();
        var report = CommonArguments.Report();
        var command = new Command("explain", "Says why places that look fusable are not fused: which pattern element, where, expected what, found what.")
        {
            input, rule, node, shapes, dims, rules, report,
        };
        command.KeepApart([input, rules], [report]);
        command.SetAction(parsed => Run(terminal, OnnxModel.Load(parsed.GetValue(input)!), parsed.GetValue(rule), parsed.GetValue(node),
            new RewriteOptions
            {
                Shapes = parsed.GetValue(shapes)!, Dims = parsed.GetValue(dims)!, OwnRules = CommonArguments.LoadRules(parsed.GetValue(rules)!),
            }, parsed.GetValue(report)));
        return command;
    }

    private static int Run(Terminal terminal, OnnxModel model, string? rule, string? node, RewriteOptions options, string? reportPath)
    {
        var rules = options.OwnRules.Concat(options.Rules ?? DefaultPipeline.Rules).Select(r => r.Name).Append(MergeProjections.RuleName).ToList();
        if (rule is not null && !rules.Contains(rule)) throw new UsageException($"There is no rule '{rule}'; the rules are {string.Join(", ", rules)}.");
        if (node is not null && model.Graph.Nodes.All(n => n.Name != node)) throw new UsageException($"{model.Path} has no node '{node}'.");
        ShapeCheck.Of(model, options.Shapes, options.Dims);
        CommonArguments.SpareWeights(model, reportPath);

        var report = Rewriter.Rewrite(model, options);
        if (reportPath is not null) AtomicFile.Write(reportPath, report.ToJson());
        if (node is not null && report.Sites.FirstOrDefault(s => s.Nodes.Contains(node)) is { } site)
            terminal.Line($"'{Markup.Escape(node)}' is fused: it is part of {site.Op} '{Markup.Escape(site.Name)}', made by the rule {site.Rule}.");

        var groups = UnfusedGroup.Of(report.NotFused.Where(s => (rule is null || s.Rule == rule) && (node is null || s.Node == node || s.Miss?.At == node)));
        foreach (var group in groups) Print(terminal, group, all: rule is not null || node is not null);
        terminal.Line(Markup.Escape(Summary(report, groups, rule, node)));
        return ExitCode.Ok;
    }

    private static void Print(Terminal terminal, UnfusedGroup group, bool all)
    {
        var shown = group.Sites.Select(s => $"'{s.Node}'").Take(all ? int.MaxValue : ShownNodes);
        var more = group.Sites.Count > ShownNodes && !all ? $" and {group.Sites.Count - ShownNodes} more" : "";
        terminal.Line($"[bold]{Markup.Escape(group.Rule)}[/], {Format.Count(group.Sites.Count, "place")}: {Markup.Escape(string.Join(", ", shown) + more)}");
        if (group.First.Miss is { } miss)
        {
            terminal.Line(Markup.Escape($"    element   {miss.Element}"));
            terminal.Line(Markup.Escape($"    node      {miss.At}"));
            terminal.Line(Markup.Escape($"    expected  {miss.Expected}"));
            terminal.Line(Markup.Escape($"    found     {miss.Found}"));
        }
        else
        {
            terminal.Line(Markup.Escape($"    the formula fits; refused because {group.First.Reason}"));
        }
        terminal.Line();
    }

    private static string Summary(RewriteReport report, IReadOnlyList<UnfusedGroup> groups, string? rule, string? node)
    {
        var of = (rule is null ? "" : $" of the rule {rule}") + (node is null ? "" : $" at '{node}'");
        var places = Format.Count(groups.Sum(g => g.Sites.Count), "place");
        return groups.Count == 0
            ? $"Nothing{of} that looks fusable was left alone; {Format.Count(report.Sites.Count, "site")} fused."
            : $"{places}{of} left alone, for {Format.Count(groups.Count, "reason")}; {Format.Count(report.Sites.Count, "site")} fused.";
    }
}
