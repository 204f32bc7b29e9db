using FlashRt.GraphRewriter.Capture;
using FlashRt.GraphRewriter.Passes;

namespace FlashRt.GraphRewriter.Cli.Commands;

/// <summary>flashrt preflight: whether a model can be captured in a CUDA graph, which nodes are in the way, and what to do.</summary>
internal static class PreflightCommand
{
    private const int ShownNodes = 3;

    public static Command Create(Terminal terminal)
    {
        var input = CommonArguments.Model("MODEL.onnx", "The model to examine.");
        var shapes = CommonArguments.Shapes();
        var dims = CommonArguments.Dims();
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("preflight", "Says whether a model can be captured in a CUDA graph, what blocks it or is doubtful, and what to do. Needs no GPU.")
        {
            input, shapes, dims, json,
        };
        command.SetAction(parsed => Run(terminal, parsed.GetValue(input)!, new RewriteOptions { Shapes = parsed.GetValue(shapes)!, Dims = parsed.GetValue(dims)! }, parsed.GetValue(json)));
        return command;
    }

    private static int Run(Terminal terminal, string input, RewriteOptions options, bool json)
    {
        var model = OnnxModel.Load(input);
        ShapeCheck.Of(model, options.Shapes, options.Dims);
        FixInputShapes.Apply(model, options);
        var report = Preflight.Of(model);
        if (json) terminal.Out.WriteLine(report.ToJson());
        else Print(terminal, report);
        return report.Capturable ? ExitCode.Ok : ExitCode.Refused;
    }

    private static void Print(Terminal terminal, PreflightReport report)
    {
        terminal.Line(report.Safe ? "[green]can be captured[/], and every replay gives what a run gives"
            : report.Capturable ? "[yellow]can be captured, with doubts[/]" : "[red]cannot be captured[/]");
        if (report.DynamicAxes.Count > 0)
            terminal.Line(Markup.Escape($"dynamic axes: {string.Join(", ", report.DynamicAxes)}; a graph holds one size of each, so bind fixed sizes or give them with --shape"));
        if (report.ShapeNodes > 0)
            terminal.Line($"{Format.Count(report.ShapeNodes, "node")} of {report.Nodes} compute with shapes on the CPU; they are not part of the graph and need not be");
        terminal.Line();
        Group(terminal, "blocks the capture", report.Blockers);
        Group(terminal, "replays unsafely", report.Unsafe);
        Group(terminal, "keeps a value of the capture", report.Frozen);
    }

    // Layers repeat: what differs in its nodes only is one entry.
    private static void Group(Terminal terminal, string head, IReadOnlyList<PreflightIssue> issues)
    {
        if (issues.Count == 0) return;
        terminal.Line($"[bold]{head}[/]: {Format.Count(issues.Count, "node")}");
        foreach (var group in issues.GroupBy(i => (i.Op, i.Advice, Reason: UnfusedGroup.WithoutNames(i.Reason))))
        {
            var first = group.First();
            var more = group.Count() > ShownNodes ? $" and {group.Count() - ShownNodes} more" : "";
            terminal.Line(Markup.Escape($"    {first.Op} {string.Join(", ", group.Take(ShownNodes).Select(i => $"'{i.Node}'"))}{more}: {first.Reason}"));
            terminal.Line(Markup.Escape($"        what to do: {first.Advice}"));
        }
        terminal.Line();
    }
}
