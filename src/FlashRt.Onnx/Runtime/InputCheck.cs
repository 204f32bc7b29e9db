namespace FlashRt.Onnx.Runtime;

/// <summary>Compares given tensors with what a model declares, before ONNX Runtime sees them.</summary>
internal static class InputCheck
{
    internal static void All(FlashRtSession session, IReadOnlyDictionary<string, DeviceTensor> inputs)
    {
        Names(session, inputs.Keys);
        foreach (var (name, tensor) in inputs) One(session.Input(name), tensor);
    }

    internal static void Names(FlashRtSession session, IEnumerable<string> given)
    {
        var names = given.Select(n => session.Input(n).Name).ToHashSet();
        if (names.Count == session.Inputs.Count) return;
        throw new FlashRtException($"These inputs of the model were not given: {string.Join("; ", session.Inputs.Where(i => !names.Contains(i.Name)))}.");
    }

    internal static void One(TensorInfo info, DeviceTensor tensor, string kind = "input")
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (info.Mismatch(tensor.ElementType, tensor.Shape) is { } wrong) throw new FlashRtException($"The {kind} {info} was given a "
            + $"tensor that {wrong}.");
    }
}
