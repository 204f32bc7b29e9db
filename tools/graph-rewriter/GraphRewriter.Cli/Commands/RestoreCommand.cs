namespace FlashRt.GraphRewriter.Cli.Commands;

/// <summary>flashrt restore: takes a rewrite back.</summary>
internal static class RestoreCommand
{
    public static Command Create(Terminal terminal)
    {
        var input = CommonArguments.Model("REWRITTEN.onnx", "A model that flashrt rewrote, with its bodies.");
        var output = CommonArguments.Output();
        var command = new Command("restore", "Gives the standard-ONNX model back.") { input, output };
        command.KeepApart([input], [output]);
        command.SetAction(parsed => Run(terminal, parsed.GetValue(input)!, parsed.GetValue(output)!));
        return command;
    }

    private static int Run(Terminal terminal, string input, string output)
    {
        var model = OnnxModel.Load(input);
        CommonArguments.SpareWeights(model, output);
        var before = model.Graph.Nodes.Count;
        var sites = Restorer.Restore(model);
        model.Save(output);
        terminal.Line($"{Format.Count(sites, "fused op")} expanded: {before} nodes before, {model.Graph.Nodes.Count} after");
        terminal.Line($"wrote {Markup.Escape(output)}");
        return ExitCode.Ok;
    }
}
