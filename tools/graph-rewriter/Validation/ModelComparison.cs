namespace FlashRt.Validation;

/// <summary>
/// Runs a model and its rewritten form on the same inputs: the original in stock ONNX Runtime on the CPU, the rewritten model with the
/// FlashRt library on the provider asked for.
/// </summary>
/// <param name="Widened">True when stock ONNX Runtime's CPU provider cannot run the original as it is, and ran it in float32.</param>
/// <param name="Outputs">Outputs against the original's.</param>
/// <param name="Recorded">Outputs against those recorded with the data.</param>
internal sealed record ModelComparison(bool Widened, IReadOnlyList<OutputComparison> Outputs, IReadOnlyList<OutputComparison> Recorded)
{
    /// <summary>Compares on every data set; remarks for the reader are added to <paramref name="notes"/>.</summary>
    public static ModelComparison Of(
        OnnxModel original, OnnxModel rewritten, IReadOnlyList<TestDataSet> data, ValidationOptions options, List<string> notes)
    {
        DataCheck.Of(original, data);
        var precision = Precision.Narrower(Precision.Of(original), Precision.Of(rewritten));
        var before = OriginalRun.Of(original, data, measureRounding: options is { Rtol: null, Atol: null } && ModelTolerance.IsMeasured(precision), options.Cuda, notes);
        using var after = OpenRewritten(rewritten, options, before.Widened, notes);
        List<OutputComparison> outputs = [], recorded = [];
        foreach (var (index, set) in data.Index())
        {
            var results = after.Runner.Run(set.Inputs);
            foreach (var name in original.Proto.Graph.Output.Select(o => o.Name))
            {
                var expected = before.Outputs?[index][name];
                var rounding = after.Widened ? 0 : before.Rounding(index, name);
                var tolerance = ModelTolerance.Of(precision, rounding).With(options.Rtol, options.Atol);
                if (expected is not null) outputs.Add(OutputComparison.Of(name, results[name], expected, tolerance, set.Name, "original"));
                if (set.Outputs.TryGetValue(name, out var record)) recorded.Add(AgainstRecord(name, results[name], record, expected, tolerance, set.Name));
            }
        }
        return new ModelComparison(before.Widened, OutputComparison.Worst(outputs), OutputComparison.Worst(recorded));
    }

    // A recording comes from another framework, whose own rounding differs: the rewritten model may be as far from it as the original is, twice over.
    private static OutputComparison AgainstRecord(
        string name, HostTensor result, HostTensor record, HostTensor? original, Tolerance tolerance, string data)
    {
        var comparison = OutputComparison.Of(name, result, record, tolerance, data, "recorded");
        if (comparison.Passed || original is null) return comparison;
        var ofOriginal = OutputComparison.Of(name, original, record, tolerance, data, "recorded");
        return comparison with { Passed = comparison.NonFinite <= ofOriginal.NonFinite && comparison.Excess <= 2 * ofOriginal.Excess };
    }

    private static Opened OpenRewritten(OnnxModel rewritten, ValidationOptions options, bool widened, List<string> notes)
    {
        var on = new RunOn(Library: true, options.Cuda);
        try
        {
            return new Opened(ModelRunner.Open(rewritten, on), Widened: false);
        }
        catch (ValidationException e) when (widened)
        {
            var runner = ModelRunner.Open(Float32Model.Of(rewritten), on);
            notes.Add($"The rewritten model was run in float32 too ({e.Message}).");
            return new Opened(runner, Widened: true);
        }
        catch (ValidationException e)
        {
            throw new ValidationException($"ONNX Runtime cannot run the rewritten model: {e.Message.TrimEnd('.')}.", e);
        }
    }

    /// <summary>Refuses models that cannot run on the same data.</summary>
    public static void CheckInterface(OnnxModel original, OnnxModel rewritten)
    {
        string[] before = [.. original.Proto.Graph.Output.Select(o => o.Name)], after = [.. rewritten.Proto.Graph.Output.Select(o => o.Name)];
        if (!before.SequenceEqual(after))
            throw new ValidationException($"The models differ in their outputs: [{string.Join(", ", before)}] before, [{string.Join(", ", after)}] after.");
        var known = original.Proto.Graph.Input.Select(i => i.Name).ToHashSet(StringComparer.Ordinal);
        if (rewritten.Proto.Graph.Input.FirstOrDefault(i => !known.Contains(i.Name)) is { } added)
            throw new ValidationException($"The rewritten model has an input '{added.Name}' that the original does not have.");
        foreach (var input in original.Proto.Graph.Input)
            if (original.Graph.Find(input.Name)?.Shape is { } old && rewritten.Graph.Find(input.Name) is { IsInput: true, Shape: { } now } && !MayBeOne(old, now))
                throw new ValidationException($"The models differ in the input '{input.Name}': {old} before, {now} after, so they cannot run on the same data. "
                    + "Where --kv-cache made it so, prove the fused ops: flashrt validate REWRITTEN.onnx REWRITTEN.onnx --sites.");
    }

    private static bool MayBeOne(Shape a, Shape b) => a.Rank == b.Rank && a.Zip(b).All(p => p is not ({ Value: { } x }, { Value: { } y }) || x == y);

    private sealed record Opened(ModelRunner Runner, bool Widened) : IDisposable
    {
        public void Dispose() => Runner.Dispose();
    }
}
