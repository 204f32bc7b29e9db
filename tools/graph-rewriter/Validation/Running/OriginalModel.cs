namespace FlashRt.Validation;

/// <summary>
/// The original on stock ONNX Runtime's CPU provider: as it is, or in float32 where the provider lacks kernels (bfloat16) or refuses
/// the types (an export that multiplies float16 by float32), or not at all where there are recorded outputs to go by.
/// </summary>
internal sealed record OriginalModel(ModelRunner? Runner, bool Widened) : IDisposable
{
    public static OriginalModel Open(OnnxModel model, bool hasRecordedOutputs, List<string> notes)
    {
        string asItIs;
        try
        {
            return new OriginalModel(ModelRunner.Open(model, RunOn.Stock), Widened: false);
        }
        catch (ValidationException e)
        {
            asItIs = e.Message;
        }
        try
        {
            var runner = ModelRunner.Open(Float32Model.Of(model), RunOn.Stock);
            notes.Add($"The original was run in float32: stock ONNX Runtime's CPU provider cannot run it as it is ({asItIs}).");
            return new OriginalModel(runner, Widened: true);
        }
        catch (ValidationException e)
        {
            var both = $"The original cannot be run by stock ONNX Runtime, neither as it is ({asItIs}) nor in float32 ({e.Message})";
            if (!hasRecordedOutputs) throw new ValidationException($"{both}, and the data holds no recorded outputs to compare with.", e);
            notes.Add($"{both}; only recorded outputs were compared.");
            return new OriginalModel(null, Widened: true);
        }
    }

    public void Dispose() => Runner?.Dispose();
}
