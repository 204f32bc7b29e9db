namespace FlashRt.Benches.Coverage;

/// <summary>One model's row.</summary>
internal sealed record ModelCoverage(string Model, int Before, int After, string Fused, int LeftAlone, bool Proved, string Proof, StockFusions? Stock)
{
    /// <summary>Rewrites and proves the model of a folder; what goes wrong is what the row says.</summary>
    public static ModelCoverage Of(string folder)
    {
        var name = Path.GetFileName(folder);
        var path = Path.Combine(folder, "model.onnx");
        try
        {
            OnnxModel original = OnnxModel.Load(path, mixedTypes: true), rewritten = OnnxModel.Load(path, mixedTypes: true);
            var report = Rewriter.Rewrite(rewritten, new RewriteOptions { Repair = true });
            var (proved, proof) = Prove(original, rewritten, folder);
            return new(name, report.NodesBefore, report.NodesAfter, Text(report.Fusions), report.NotFused.Count, proved, proof, StockFusions.Of(path));
        }
        catch (OnnxModelException e)
        {
            return new(name, 0, 0, "", 0, false, e.Message, StockFusions.Of(path));
        }
    }

    public static string Text(IEnumerable<KeyValuePair<string, int>> counts) => string.Join(", ", counts.Select(c => $"{c.Value} {c.Key}"));

    public string ToMarkdown() => $"| {Model} | {Before} | {After} | {Fused} | {LeftAlone} | {Proof} | {Stock?.Nodes.ToString() ?? ""} | {Stock?.Fused ?? "refuses the model"} |";

    private static (bool, string) Prove(OnnxModel original, OnnxModel rewritten, string folder)
    {
        try
        {
            var data = Directory.Exists(Path.Combine(folder, "test_data_set_0")) ? TestData.Read(folder, original) : null;
            var report = Validator.Validate(original, rewritten, new ValidationOptions { Data = data, Sites = true });
            return (report.Passed, $"{report.Sites.Count(s => s.Passed)} of {report.Sites.Count}{(report.Passed ? "" : ", outputs out of tolerance")}");
        }
        catch (ValidationException e)
        {
            return (false, e.Message);
        }
    }
}
