using FlashRt.GraphRewriter.Passes;
using FlashRt.Validation.Html;

namespace FlashRt.GraphRewriter.Cli.Commands;

/// <summary>flashrt validate: proves a rewritten model against its original.</summary>
internal static class ValidateCommand
{
    public static Command Create(Terminal terminal)
    {
        var original = CommonArguments.Model("ORIGINAL.onnx", "The model before the rewrite.");
        var rewritten = CommonArguments.Model("REWRITTEN.onnx", "The model after it.");
        var data = DataFolder();
        var sites = new Option<bool>("--sites") { Description = "Also compare every fused op with the subgraph it replaced." };
        var rtol = Tolerance("--rtol", "Relative tolerance: |new - old| ≤ atol + rtol |old| for every element. Default by the model's precision.");
        var atol = Tolerance("--atol", "Absolute tolerance. Default: a fraction, by the model's precision, of each output's root mean square.");
        var shapes = CommonArguments.Shapes();
        var dims = CommonArguments.Dims();
        var seed = CommonArguments.Number<int>("--seed", "N", "Seed of the random inputs that are used without --data.", _ => true, "an integer");
        var provider = CommonArguments.Provider();
        var report = CommonArguments.Report();
        var html = CommonArguments.Html();
        var command = new Command("validate", "Runs both models and compares them.")
        {
            original, rewritten, data, sites, rtol, atol, shapes, dims, seed, provider, report, html,
        };
        command.KeepApart([original, rewritten, data], [report, html]);
        command.SetAction(parsed => Run(terminal, parsed.GetValue(original)!, parsed.GetValue(rewritten)!, parsed.GetValue(data), parsed.GetValue(dims)!, new ValidationOptions
        {
            Shapes = parsed.GetValue(shapes),
            Seed = parsed.GetValue(seed) ?? 0,
            Sites = parsed.GetValue(sites),
            Rtol = parsed.GetValue(rtol),
            Atol = parsed.GetValue(atol),
            Cuda = parsed.GetValue(provider) == "cuda",
        }, parsed.GetValue(report), parsed.GetValue(html)));
        return command;
    }

    private static int Run(Terminal terminal, string original, string rewritten, string? data, Dictionary<string, long> dims,
        ValidationOptions options, string? reportPath, string? htmlPath)
    {
        OnnxModel before = OnnxModel.Load(original, mixedTypes: true), after = OnnxModel.Load(rewritten);
        foreach (var model in new[] { before, after }) CommonArguments.SpareWeights(model, reportPath, htmlPath);
        ShapeCheck.Of(before, options.Shapes!, dims);
        FixInputShapes.Apply(before, new RewriteOptions { Dims = dims });
        options = options with { Data = data is null ? null : TestData.Read(data, before) };
        try
        {
            var report = terminal.Work("validating", progress => Validator.Validate(before, after, options, progress));
            if (reportPath is not null) AtomicFile.Write(reportPath, report.ToJson());
            if (htmlPath is not null)
                AtomicFile.Write(htmlPath, HtmlReport.Of(new RewriteReport(original, before.Graph.Nodes.Count, after.Graph.Nodes.Count, FusedSites.Of(after), []), before, after, report, rest: false));
            ValidationPrinter.Print(terminal, report);
            return report.Passed ? ExitCode.Ok : ExitCode.Refused;
        }
        catch (ValidationException e)
        {
            if (reportPath is not null) AtomicFile.Write(reportPath, ValidationReport.Failed(before, after, options, e.Message).ToJson());
            throw;
        }
    }

    private static Option<string> DataFolder()
    {
        var option = new Option<string>("--data")
        {
            Description = "Folder with test_data_set_N folders. Without it, seeded random inputs are used.", HelpName = "DIR",
        };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is not { } path) return;
            if (!Directory.Exists(path)) result.AddError($"{path}: no such folder.");
            else if (TestData.Sets(path).Count == 0) result.AddError($"{path} holds no test_data_set_N folder with input_K.pb files.");
        });
        return option;
    }

    private static Option<double?> Tolerance(string name, string description) =>
        CommonArguments.Number<double>(name, "X", description, value => value is >= 0 and < double.PositiveInfinity, "0 or more");
}
