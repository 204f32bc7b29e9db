namespace FlashRt.Validation;

/// <summary>Holds test data against the inputs of a model, so that a mistake in the data is not taken for one in the model.</summary>
internal static class DataCheck
{
    public static void Of(OnnxModel model, IReadOnlyList<TestDataSet> data)
    {
        var defaults = model.Proto.Graph.Initializer.Select(i => i.Name).ToHashSet(StringComparer.Ordinal);
        var inputs = model.Proto.Graph.Input.Where(i => !defaults.Contains(i.Name)).ToList();
        foreach (var set in data)
        {
            string[] missing = [.. inputs.Select(i => i.Name).Where(name => !set.Inputs.ContainsKey(name))];
            if (missing.Length > 0)
                throw new ValidationException($"There is no data for the input{(missing.Length > 1 ? "s" : "")} {string.Join(", ", missing)} in {set.Name}.");
            foreach (var input in inputs)
                if (!Fits(input, set.Inputs[input.Name]))
                    throw new ValidationException($"{set.Name} gives {set.Inputs[input.Name]} for the input '{input.Name}', which is {model.Graph.Find(input.Name)!.Shape} in the model.");
        }
    }

    private static bool Fits(ValueInfoProto input, HostTensor tensor) => input.Type?.TensorType?.Shape?.Dim is not { } dims
        || (dims.Count == tensor.Dims.Count && dims.Zip(tensor.Dims).All(d => d.First is not { HasDimValue: true, DimValue: >= 0 } || d.First.DimValue == d.Second));
}
