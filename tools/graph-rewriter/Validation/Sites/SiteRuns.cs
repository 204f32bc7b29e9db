namespace FlashRt.Validation;

/// <summary>The sessions that one site needs: the op, its body, and, once a comparison asks for it, its body in float32.</summary>
internal sealed class SiteRuns : IDisposable
{
    private readonly string _opType;
    private readonly OnnxModel _bodyModel;
    private readonly ModelRunner _op;
    private readonly ModelRunner? _body;
    private ModelRunner? _wide;
    private readonly IReadOnlyDictionary<string, DataType> _outputs;

    public SiteRuns(OnnxModel rewritten, FusedSite site, RunOn on)
    {
        _opType = site.Op;
        _bodyModel = HostBorder.Of(ModelFunctions.BodyModel(rewritten, site));
        _outputs = site.Node.Output.Where(o => o.Length > 0).ToDictionary(o => o, o => rewritten.Graph.Find(o)!.Type, StringComparer.Ordinal);
        _op = Open(HostBorder.Of(ModelFunctions.NodeModel(rewritten, site)), on, "The op cannot be run");
        try
        {
            _body = ModelRunner.Open(_bodyModel, RunOn.Stock);
        }
        catch (ValidationException e)
        {
            Widened = e.Message;
            // The body needs kernels that ONNX Runtime's CPU provider lacks, bfloat16 for one. In float32 it has them all.
            _wide = Open(Float32Model.Of(_bodyModel), RunOn.Stock, "The body cannot be run, neither as it is nor in float32");
        }
    }

    /// <summary>Why the body runs in float32 only; null where stock ONNX Runtime runs it as it is.</summary>
    public string? Widened { get; }

    /// <summary>Every output of the op against that of the body, for one set of inputs.</summary>
    public IEnumerable<OutputComparison> Compare(string data, IReadOnlyDictionary<string, HostTensor> inputs)
    {
        var results = _op.Run(inputs);
        var narrow = _body?.Run(inputs);
        IReadOnlyDictionary<string, HostTensor>? exact = null;
        foreach (var (name, type) in _outputs)
        {
            var tolerance = Tolerance.OfSite(_opType, type == DataType.Undefined ? results[name].Type : type);
            var comparison = narrow is null ? null : OutputComparison.Of(name, results[name], narrow[name], tolerance, data, "body");
            if (comparison is not { Passed: true })
            {
                exact ??= (_wide ??= Open(Float32Model.Of(_bodyModel), RunOn.Stock, "The body cannot be run in float32")).Run(inputs);
                var inFloat32 = OutputComparison.Of(name, results[name], exact[name], tolerance, data, "body in float32");
                if (comparison is null || inFloat32.Passed) comparison = inFloat32;
            }
            yield return comparison;
        }
    }

    public void Dispose()
    {
        _op.Dispose();
        _body?.Dispose();
        _wide?.Dispose();
    }

    private static ModelRunner Open(OnnxModel model, RunOn on, string otherwise)
    {
        try
        {
            return ModelRunner.Open(model, on);
        }
        catch (ValidationException e)
        {
            throw new ValidationException($"{otherwise}: {e.Message}", e);
        }
    }
}
