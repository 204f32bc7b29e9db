using Microsoft.ML.OnnxRuntime;

namespace FlashRt.Onnx.Runtime;

/// <summary>One run with buffers of its own.</summary>
internal static class PlainRun
{
    internal static FlashRtOutputs Execute(SessionCore core, IReadOnlyDictionary<string, DeviceTensor> inputs, TensorDevice outputsOn) =>
        Execute(core, inputs, core.Outputs.Select(o => o.Name), outputsOn);

    internal static FlashRtOutputs Execute(SessionCore core, IReadOnlyDictionary<string, DeviceTensor> inputs, IEnumerable<string> outputs, TensorDevice outputsOn)
    {
        using var hold = new MemoryHold();
        using OrtIoBinding binding = core.CreateBinding();
        using OrtMemoryInfo target = outputsOn.CreateMemoryInfo();
        string[] names = [.. outputs];
        foreach (var (name, tensor) in inputs)
        {
            hold.Add(tensor);
            binding.BindInput(name, tensor.Value);
        }
        foreach (string name in names) binding.BindOutputToDevice(name, target);
        core.Execute(binding, core.Plain);

        OrtValue[] values = [.. binding.GetOutputValues()];
        var tensors = new Dictionary<string, DeviceTensor>();
        try
        {
            for (int i = 0; i < names.Length; i++) tensors.Add(names[i], DeviceTensor.Wrap(values[i]));
        }
        catch
        {
            foreach (OrtValue value in values) value.Dispose();
            throw;
        }
        return new(names, tensors);
    }
}
