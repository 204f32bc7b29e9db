namespace FlashRt.Validation;

/// <summary>
/// Runs every fused op against the subgraph it replaced, on inputs captured from the model and on random ones. The reference is
/// the subgraph in its own types; where that differs, the subgraph in float32 decides, since a narrow subgraph rounds after every
/// node while the op rounds once, and is allowed to be closer to the truth.
/// </summary>
internal sealed class SiteValidation
{
    // Sites captured in one run: bounds the memory that captured values take.
    private const int BatchSize = 32;

    private readonly OnnxModel _rewritten;
    private readonly RunOn _op;
    private readonly int _seed;
    private readonly List<string> _widenedBodies = [];

    private SiteValidation(OnnxModel rewritten, ValidationOptions options) =>
        (_rewritten, _op, _seed) = (rewritten, new RunOn(Library: true, options.Cuda), options.Seed);

    /// <summary>
    /// One comparison for each fused node of <paramref name="rewritten"/>, in graph order. With <paramref name="widened"/> the model's
    /// inputs to the sites come from its float32 form, for models that stock ONNX Runtime cannot run as they are.
    /// </summary>
    public static IReadOnlyList<SiteComparison> Of(OnnxModel rewritten, IReadOnlyList<TestDataSet> data, ValidationOptions options, bool widened,
        List<string> notes, IProgress<(int Done, int Total)>? progress = null)
    {
        var sites = FusedSites.Of(rewritten);
        var provable = sites.Where(s => s.Body is not null).ToList();
        if (sites.Count == 0) notes.Add("The rewritten model has no fused sites.");
        if (provable.Count == 0) return [.. sites.Select(WithoutBody)];

        var validation = new SiteValidation(rewritten, options);
        using var capture = new SiteCapture(rewritten, provable, widened);
        if (widened) notes.Add("The inputs of the fused sites were captured in float32 and rounded to the types of the sites.");
        var results = new Dictionary<FusedSite, SiteComparison>();
        foreach (var batch in provable.Chunk(BatchSize))
        {
            var captured = data.Select(set => (set.Name, Values: capture.Run(batch, set.Inputs))).ToList();
            foreach (var site in batch)
            {
                results.Add(site, validation.Compare(site, captured));
                progress?.Report((results.Count, provable.Count));
            }
        }
        if (validation._widenedBodies is [var reason, ..])
            notes.Add($"{validation._widenedBodies.Count} of {provable.Count} bodies were run in float32: stock ONNX Runtime's CPU provider cannot run them as they are ({reason}).");
        return [.. sites.Select(s => results.GetValueOrDefault(s) ?? WithoutBody(s))];
    }

    private SiteComparison Compare(FusedSite site, IReadOnlyList<(string Name, IReadOnlyDictionary<string, HostTensor> Values)> captured)
    {
        try
        {
            var own = captured.Select(c => (c.Name, Values: Own(site, c.Values))).ToList();
            using var runs = new SiteRuns(_rewritten, site, _op);
            if (runs.Widened is { } reason) _widenedBodies.Add(reason);
            var comparisons = own.Concat(SiteData.Of(site, own[0].Values, _seed)).SelectMany(d => runs.Compare(d.Name, d.Values));
            return SiteComparison.Of(site.Op, site.Name, OutputComparison.Worst(comparisons));
        }
        catch (Exception e) when (e is ValidationException or OnnxModelException)
        {
            return SiteComparison.Failed(site.Op, site.Name, e.Message);
        }
    }

    private static IReadOnlyDictionary<string, HostTensor> Own(FusedSite site, IReadOnlyDictionary<string, HostTensor> values) =>
        site.Node.Input.Distinct().Where(values.ContainsKey).ToDictionary(i => i, i => values[i], StringComparer.Ordinal);

    private static SiteComparison WithoutBody(FusedSite site) => SiteComparison.Failed(site.Op, site.Name,
        "The model holds no body for this site, so there is nothing to compare it with. Rewrite the original without --no-fallback.");
}
