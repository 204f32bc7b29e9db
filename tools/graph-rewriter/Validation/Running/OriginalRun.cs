namespace FlashRt.Validation;

/// <summary>
/// What the original gives on stock ONNX Runtime's CPU provider: as it is, or in float32 where the provider lacks kernels (bfloat16)
/// or refuses the types (an export that multiplies float16 by float32), or nothing where there are recorded outputs to go by.
/// </summary>
/// <param name="Outputs">The outputs for each data set; null when stock ONNX Runtime runs the model in no way.</param>
/// <param name="Exact">The same in float32, where the model ran in a narrower type and the difference, its rounding, was asked for.</param>
/// <param name="Widened">True when <see cref="Outputs"/> are float32's because the model does not run as it is.</param>
internal sealed record OriginalRun(
    IReadOnlyList<IReadOnlyDictionary<string, HostTensor>>? Outputs, IReadOnlyList<IReadOnlyDictionary<string, HostTensor>>? Exact, bool Widened)
{
    /// <summary>
    /// The outputs on stock ONNX Runtime's CUDA provider, where the rewritten model runs there and rounding is measured. ONNX Runtime's CPU
    /// provider has few float16 kernels and computes what lies between them in float32, so it rounds less often than a GPU does.
    /// </summary>
    public IReadOnlyList<IReadOnlyDictionary<string, HostTensor>>? OnCuda { get; private init; }

    /// <summary>What rounding changes in an output of a data set, as <see cref="ErrorMetrics.MaxRel"/>; null where it was not measured.</summary>
    public double? Rounding(int set, string output)
    {
        if (Exact?[set][output] is not { } exact) return null;
        var own = ErrorMetrics.Of(Outputs![set][output], exact, Tolerance.None).MaxRel;
        return OnCuda is null ? own : Math.Max(own, ErrorMetrics.Of(OnCuda[set][output], exact, Tolerance.None).MaxRel);
    }

    public static OriginalRun Of(OnnxModel model, IReadOnlyList<TestDataSet> data, bool measureRounding, bool cuda, List<string> notes)
    {
        IReadOnlyDictionary<string, HostTensor>[] outputs;
        try
        {
            outputs = RunAll(ModelRunner.Open(model, RunOn.Stock), data);
        }
        catch (ValidationException e)
        {
            return InFloat32(model, data, e.Message, notes);
        }
        if (!measureRounding) return new OriginalRun(outputs, null, Widened: false);
        try
        {
            var exact = RunAll(ModelRunner.Open(Float32Model.Of(model), RunOn.Stock), data);
            return new OriginalRun(outputs, exact, Widened: false) { OnCuda = cuda ? RunOnCuda(model, data, notes) : null };
        }
        catch (ValidationException e)
        {
            notes.Add($"How much the original rounds could not be measured ({e.Message}); the widest tolerance for its precision was used.");
            return new OriginalRun(outputs, null, Widened: false);
        }
    }

    private static IReadOnlyDictionary<string, HostTensor>[]? RunOnCuda(OnnxModel model, IReadOnlyList<TestDataSet> data, List<string> notes)
    {
        try
        {
            return RunAll(ModelRunner.Open(model, RunOn.Stock with { Cuda = true }), data);
        }
        catch (ValidationException e)
        {
            notes.Add($"How much the original rounds on the GPU could not be measured ({e.Message}); its rounding on the CPU was used.");
            return null;
        }
    }

    private static OriginalRun InFloat32(OnnxModel model, IReadOnlyList<TestDataSet> data, string asItIs, List<string> notes)
    {
        try
        {
            var outputs = RunAll(ModelRunner.Open(Float32Model.Of(model), RunOn.Stock), data);
            notes.Add($"The original was run in float32: stock ONNX Runtime's CPU provider cannot run it as it is ({asItIs}).");
            return new OriginalRun(outputs, null, Widened: true);
        }
        catch (ValidationException e)
        {
            var both = $"The original cannot be run by stock ONNX Runtime, neither as it is ({asItIs}) nor in float32 ({e.Message})";
            if (data.All(set => set.Outputs.Count == 0)) throw new ValidationException($"{both}, and the data holds no recorded outputs to compare with.", e);
            notes.Add($"{both}; only recorded outputs were compared.");
            return new OriginalRun(null, null, Widened: true);
        }
    }

    // The session is closed at once, so that only one model's weights are in memory at a time.
    private static IReadOnlyDictionary<string, HostTensor>[] RunAll(ModelRunner runner, IReadOnlyList<TestDataSet> data)
    {
        using (runner) return [.. data.Select(set => runner.Run(set.Inputs))];
    }
}
