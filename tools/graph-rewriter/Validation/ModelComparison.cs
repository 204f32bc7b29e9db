namespace FlashRt.Validation;

/// <summary>
/// Runs a model and its rewritten form on the same inputs. The original runs in stock ONNX Runtime on the CPU with all optimisations
/// off; the rewritten model runs as an application would run it, with the FlashRt library and optimisations on.
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
        CheckInterface(original, rewritten);
        using var before = OriginalModel.Open(original, data.Any(set => set.Outputs.Count > 0), notes);
        using var after = OpenRewritten(rewritten, options, before.Widened, notes);
        var tolerance = Tolerance.OfModel(Precision.Narrower(Precision.Of(original), Precision.Of(rewritten))).With(options.Rtol, options.Atol);
        List<OutputComparison> outputs = [], recorded = [];
        foreach (var set in data)
        {
            var results = after.Run(set.Inputs);
            var expected = before.Runner?.Run(set.Inputs);
            foreach (var name in original.Proto.Graph.Output.Select(o => o.Name))
            {
                if (expected is not null) outputs.Add(OutputComparison.Of(name, results[name], expected[name], tolerance, set.Name, "original"));
                if (set.Outputs.TryGetValue(name, out var record))
                    recorded.Add(AgainstRecord(name, results[name], record, expected?[name], tolerance, set.Name));
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

    private static ModelRunner OpenRewritten(OnnxModel rewritten, ValidationOptions options, bool widened, List<string> notes)
    {
        var on = new RunOn(Library: true, options.Cuda, Optimised: true);
        try
        {
            return ModelRunner.Open(rewritten, on);
        }
        catch (ValidationException e) when (widened)
        {
            var runner = ModelRunner.Open(Float32Model.Of(rewritten), on);
            notes.Add($"The rewritten model was run in float32 too ({e.Message}).");
            return runner;
        }
        catch (ValidationException e)
        {
            throw new ValidationException($"ONNX Runtime cannot run the rewritten model: {e.Message}.", e);
        }
    }

    private static void CheckInterface(OnnxModel original, OnnxModel rewritten)
    {
        string[] before = [.. original.Proto.Graph.Output.Select(o => o.Name)], after = [.. rewritten.Proto.Graph.Output.Select(o => o.Name)];
        if (!before.SequenceEqual(after))
            throw new ValidationException($"The models differ in their outputs: [{string.Join(", ", before)}] before, [{string.Join(", ", after)}] after.");
        var known = original.Proto.Graph.Input.Select(i => i.Name).ToHashSet(StringComparer.Ordinal);
        if (rewritten.Proto.Graph.Input.FirstOrDefault(i => !known.Contains(i.Name)) is { } added)
            throw new ValidationException($"The rewritten model has an input '{added.Name}' that the original does not have.");
    }
}
