namespace FlashRt.Validation;

/// <summary>
/// What flows into the fused sites of a model: the rewritten model on stock ONNX Runtime, where every fused node runs as the
/// subgraph it replaced, with the inputs of the sites exposed as outputs. One session; only what is asked for is kept.
/// </summary>
internal sealed class SiteCapture : IDisposable
{
    private readonly OnnxModel _rewritten;
    private readonly ModelRunner _runner;

    /// <summary>Opens the session, in float32 when <paramref name="widened"/>.</summary>
    public SiteCapture(OnnxModel rewritten, IEnumerable<FusedSite> sites, bool widened)
    {
        _rewritten = rewritten;
        var model = ModelFunctions.WithOutputs(rewritten, sites.SelectMany(Computed).Distinct());
        // ONNX Runtime infers what shape inference left open, but takes no "undefined" for an answer.
        foreach (var output in model.Proto.Graph.Output)
            if (output.Type?.TensorType is { ElemType: 0 }) output.Type = null;
        model = HostBorder.Of(model);
        _runner = ModelRunner.Open(widened ? Float32Model.Of(model) : model, RunOn.Stock);
    }

    /// <summary>Values that the sites read, weights aside, by name and in the types that the sites take.</summary>
    public IReadOnlyDictionary<string, HostTensor> Run(IReadOnlyCollection<FusedSite> sites, IReadOnlyDictionary<string, HostTensor> data)
    {
        string[] computed = [.. sites.SelectMany(Computed).Distinct()];
        var values = computed.Length == 0 ? [] : _runner.Run(data, computed).ToDictionary(StringComparer.Ordinal);
        foreach (var name in sites.SelectMany(s => s.Node.Input).Where(i => _rewritten.Graph.Find(i) is { IsInput: true }))
            if (data.TryGetValue(name, out var value)) values[name] = value;
        return values.ToDictionary(v => v.Key, v => InTypeOf(_rewritten.Graph.Find(v.Key)!, v.Value), StringComparer.Ordinal);
    }

    public void Dispose() => _runner.Dispose();

    private IEnumerable<string> Computed(FusedSite site) =>
        site.Node.Input.Where(i => i.Length > 0 && _rewritten.Graph.Find(i) is { Initializer: null, IsInput: false });

    private static HostTensor InTypeOf(Value value, HostTensor tensor) =>
        value.Type == DataType.Undefined || HostBorder.IsForeign(value.Type) ? tensor : tensor.Cast(value.Type);
}
