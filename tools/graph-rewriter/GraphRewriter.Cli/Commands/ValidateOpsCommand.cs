using System.Text.Json;
using FlashRt.Onnx;
using FlashRt.Onnx.Catalog;
using FlashRt.Validation.Ops;

namespace FlashRt.GraphRewriter.Cli.Commands;

/// <summary>flashrt validate-ops: every op of the catalog against float64 maths, on this machine.</summary>
internal static class ValidateOpsCommand
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static Command Create(Terminal terminal)
    {
        var provider = CommonArguments.Provider();
        var op = new Option<string>("--op") { Description = "Only this op.", HelpName = "NAME" };
        op.AcceptOnlyFromAmong([.. OpCatalog.Ops.Select(o => o.Name)]);
        var report = CommonArguments.Report();
        var command = new Command("validate-ops", "Runs every op at awkward shapes and compares it with float64 maths.") { provider, op, report };
        command.SetAction(parsed => Run(terminal, parsed.GetValue(provider) == "cuda" ? OpProvider.Cuda : OpProvider.Cpu, parsed.GetValue(op), parsed.GetValue(report)));
        return command;
    }

    private static int Run(Terminal terminal, OpProvider provider, string? op, string? reportPath)
    {
        if (provider == OpProvider.Cuda && FlashRtDevice.Count == 0)
            throw new FlashRtException("--provider cuda: there is no usable CUDA device, or the native library was built without CUDA. 'flashrt devices' says which.");
        List<OpCase> cases = [.. op is null ? OpCases.All : OpCases.Of(op)];
        var records = terminal.Work("validating ops", progress =>
        {
            var done = new List<OpRecord>(cases.Count);
            foreach (var one in cases)
            {
                done.Add(OpValidator.Run(one, provider));
                progress.Report((done.Count, cases.Count));
            }
            return done;
        });
        if (reportPath is not null)
            AtomicFile.Write(reportPath, JsonSerializer.Serialize(new { Passed = records.All(r => r.Passed), Provider = provider.ToString().ToLowerInvariant(), Ops = records.Select(Row) }, s_json));
        terminal.Table(["seeds", "op", "signature", "calls>", "worst error>", "tolerance>", "pass"], records.Select(r => new[]
        {
            string.Join(" ", r.SeedIds), r.Op, r.Signature, $"{r.Shapes.Count}", Format.Error(r.WorstError), Format.Error(r.Tolerance), r.Passed ? "yes" : "NO",
        }));
        foreach (var record in records.Where(r => !r.Passed))
            foreach (var failure in record.Failures)
                terminal.Line(Markup.Escape($"{record.Signature}: {failure}"));
        terminal.Line($"{records.Count(r => r.Passed)} of {records.Count} forms of {records.Select(r => r.Op).Distinct().Count()} ops pass.");
        return records.All(r => r.Passed) ? ExitCode.Ok : ExitCode.Refused;
    }

    private static object Row(OpRecord r) => new { r.Op, r.SeedIds, r.Signature, r.Shapes, r.WorstError, r.Tolerance, r.Passed, r.Failures };
}
