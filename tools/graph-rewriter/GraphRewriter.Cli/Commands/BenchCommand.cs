using FlashRt.GraphRewriter.Passes;

namespace FlashRt.GraphRewriter.Cli.Commands;

/// <summary>flashrt bench: how long a model takes.</summary>
internal static class BenchCommand
{
    public static Command Create(Terminal terminal)
    {
        var input = CommonArguments.Model("MODEL.onnx", "The model to time.");
        var provider = CommonArguments.Provider();
        var cudaGraph = new Option<bool>("--cuda-graph") { Description = "Capture the work into a CUDA graph and time its replays; with --provider cuda." };
        var noLibrary = new Option<bool>("--no-library") { Description = "Without FlashRT's kernels: fused ops run as the bodies they carry." };
        var shapes = CommonArguments.Shapes();
        var dims = CommonArguments.Dims();
        var runs = CommonArguments.Number<int>("--runs", "N", "Timed runs. Default: about two seconds' worth.", n => n > 0, "1 or more");
        var report = CommonArguments.Report();
        var command = new Command("bench", "Times bound runs on random, never zero, inputs: p50, p90 and min.")
        {
            input, provider, cudaGraph, noLibrary, shapes, dims, runs, report,
        };
        command.KeepApart([input], [report]);
        command.Validators.Add(result =>
        {
            if (result.GetValue(cudaGraph) && result.Text(provider) != "cuda") result.AddError("--cuda-graph needs --provider cuda.");
        });
        command.SetAction(parsed => Run(terminal, parsed.GetValue(input)!, parsed.GetValue(dims)!, new BenchOptions
        {
            Cuda = parsed.GetValue(provider) == "cuda",
            CudaGraph = parsed.GetValue(cudaGraph),
            Library = !parsed.GetValue(noLibrary),
            Shapes = parsed.GetValue(shapes),
            Runs = parsed.GetValue(runs),
        }, parsed.GetValue(report)));
        return command;
    }

    private static int Run(Terminal terminal, string input, Dictionary<string, long> dims, BenchOptions options, string? reportPath)
    {
        var model = OnnxModel.Load(input);
        ShapeCheck.Of(model, options.Shapes!, dims);
        FixInputShapes.Apply(model, new RewriteOptions { Dims = dims });
        CommonArguments.SpareWeights(model, reportPath);
        var report = terminal.Work("timing", _ => ModelBench.Run(model, options));
        if (reportPath is not null) AtomicFile.Write(reportPath, report.ToJson());
        terminal.Line(Markup.Escape($"{report.Model} on {report.Provider}{(report.CudaGraph ? ", CUDA graph" : "")}; {string.Join(", ", report.Inputs)}"));
        terminal.Table(["runs>", "p50 µs>", "p90 µs>", "min µs>"],
            [[$"{report.Runs}", Format.Microseconds(report.P50Us), Format.Microseconds(report.P90Us), Format.Microseconds(report.MinUs)]]);
        return ExitCode.Ok;
    }
}
