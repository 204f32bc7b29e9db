using System.Globalization;
using System.Text;
using FlashRt.Benches.Coverage;

// What a rewrite fuses in each model, whether it is proved, and what ONNX Runtime's own optimiser fuses in the same file:
// Coverage OUT.md TITLE=FOLDER ...       FOLDER holds NAME/model.onnx, with test_data_set_0 beside it where there is one
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args.Length < 2 || args.Skip(1).Any(a => !a.Contains('=')))
{
    Console.Error.WriteLine("usage: Coverage OUT.md TITLE=FOLDER ...");
    return 2;
}
var text = new StringBuilder($"""
    # What is fused

    Made by `eng/coverage.sh`: every model rewritten with the default rules, every fused op compared with the subgraph it replaced on the CPU
    (`validate --sites`), and beside it what ONNX Runtime {Microsoft.ML.OnnxRuntime.OrtEnv.Instance().GetVersionString()} fuses in the same file on its CPU provider with
    `ORT_ENABLE_ALL`. "Left alone" counts the places that look like a rule's core; `flashrt explain` says why for each.


    """);
var failed = 0;
foreach (var part in args.Skip(1))
{
    var (title, folder) = (part[..part.IndexOf('=')], part[(part.IndexOf('=') + 1)..]);
    text.AppendLine($"## {title}").AppendLine();
    text.AppendLine("| model | nodes | after | fused | left alone | sites proved | ONNX Runtime: nodes after | fused |");
    text.AppendLine("|---|--:|--:|---|--:|---|--:|---|");
    foreach (var model in Directory.GetDirectories(folder).Where(d => File.Exists(Path.Combine(d, "model.onnx"))).Order(StringComparer.Ordinal))
    {
        var row = ModelCoverage.Of(model);
        if (!row.Proved) failed++;
        Console.WriteLine(row.ToMarkdown());
        text.AppendLine(row.ToMarkdown());
    }
    text.AppendLine();
}
File.WriteAllText(args[0], text.ToString());
Console.WriteLine($"{failed} models not proved");
return failed == 0 ? 0 : 1;
