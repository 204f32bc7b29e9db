namespace FlashRt.Validation;

/// <summary>The result of a validation.</summary>
/// <param name="Passed">Every output, recorded output and site is within tolerance.</param>
/// <param name="Outputs">The rewritten model against the original.</param>
/// <param name="Recorded">The rewritten model against outputs recorded with the test data.</param>
/// <param name="Sites">Each fused op against the subgraph it replaced; empty when that was not asked for.</param>
/// <param name="Original">File of the original model.</param>
/// <param name="Rewritten">File of the rewritten model.</param>
/// <param name="Provider">Where the rewritten model and the fused ops ran: cpu or cuda.</param>
/// <param name="Data">The data sets that were run.</param>
/// <param name="Notes">What a reader should know about how the comparison was made, for example that it was made in float32.</param>
/// <param name="Error">Why nothing could be compared; null when something was.</param>
public sealed record ValidationReport(
    bool Passed,
    IReadOnlyList<OutputComparison> Outputs,
    IReadOnlyList<OutputComparison> Recorded,
    IReadOnlyList<SiteComparison> Sites,
    string? Original,
    string? Rewritten,
    string Provider,
    IReadOnlyList<string> Data,
    IReadOnlyList<string> Notes,
    string? Error = null)
{
    /// <summary>For models that could not be compared at all.</summary>
    public static ValidationReport Failed(OnnxModel original, OnnxModel rewritten, ValidationOptions options, string error) =>
        new(false, [], [], [], original.Path, rewritten.Path, options.Cuda ? "cuda" : "cpu", [], [], error);

    /// <summary>The report as JSON: {"passed","outputs":[{"name","max_abs","max_rel","cosine",...}],"sites":[...],...}.</summary>
    public string ToJson() => ReportJson.Write(this);
}
