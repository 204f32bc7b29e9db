namespace FlashRt.Validation;

/// <summary>Proves a rewritten model against its original: see docs/validation.md.</summary>
public static class Validator
{
    /// <summary>Runs both models and, when asked for, every fused op and its body. <paramref name="progress"/> counts sites.</summary>
    /// <exception cref="ValidationException">The models cannot be compared, or ONNX Runtime runs one of them not at all.</exception>
    public static ValidationReport Validate(
        OnnxModel original, OnnxModel rewritten, ValidationOptions options, IProgress<(int Done, int Total)>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(original);
        ArgumentNullException.ThrowIfNull(rewritten);
        ArgumentNullException.ThrowIfNull(options);
        ModelComparison.CheckInterface(original, rewritten);
        var notes = new List<string>();
        var data = options.Data ?? [new TestDataSet($"random inputs, seed {options.Seed}", RandomInputs.For(original, Shapes(original, rewritten, options), options.Seed),
            new Dictionary<string, HostTensor>())];
        var models = ModelComparison.Of(original, rewritten, data, options, notes);
        var sites = options.Sites ? SiteValidation.Of(rewritten, data, options, models.Widened, notes, progress) : [];
        return new ValidationReport(
            models.Outputs.All(o => o.Passed) && models.Recorded.All(o => o.Passed) && sites.All(s => s.Passed),
            models.Outputs, models.Recorded, sites, original.Path, rewritten.Path, options.Cuda ? "cuda" : "cpu", [.. data.Select(d => d.Name)], notes);
    }

    // A model that was rewritten for fixed sizes takes no others.
    private static Dictionary<string, long[]> Shapes(OnnxModel original, OnnxModel rewritten, ValidationOptions options)
    {
        var inputs = original.Proto.Graph.Input.Select(i => i.Name).ToHashSet(StringComparer.Ordinal);
        var shapes = new Dictionary<string, long[]>(options.Shapes ?? new Dictionary<string, long[]>(), StringComparer.Ordinal);
        foreach (var input in rewritten.Proto.Graph.Input)
            if (inputs.Contains(input.Name) && input.Type?.TensorType?.Shape?.Dim is { } dims && dims.All(d => d is { HasDimValue: true, DimValue: >= 0 })) shapes.TryAdd(input.Name, [.. dims.Select(d => d.DimValue)]);
        return shapes;
    }
}
