using FlashRt.Onnx;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace FlashRt.Validation;

/// <summary>Times bound runs of a model: inputs and outputs in fixed buffers, on random inputs that are never zero unless others are given.</summary>
public static class ModelBench
{
    private const int WarmUpRuns = 5, FewestRuns = 10, MostRuns = 1000;

    /// <summary>Opens <paramref name="model"/> from its file, warms it up and times it.</summary>
    public static BenchReport Run(OnnxModel model, BenchOptions options)
    {
        var path = model.Path ?? throw new ValidationException("Only a model in a file can be timed.");
        var inputs = Inputs(model, options);
        using var session = FlashRtSession.Open(path, new FlashRtOptions
        {
            Provider = options.Cuda ? FlashRtProvider.Cuda : FlashRtProvider.Cpu,
            CudaGraph = options.CudaGraph,
            RegisterOps = options.Library,
        });
        using var bound = session.Bind(Shapes(inputs));
        foreach (var (name, tensor) in inputs) Fill(bound.Input(name), tensor);

        // Warming up also says how long a run takes.
        var typical = bound.Time(3, WarmUpRuns).Min();
        var runs = options.Runs ?? (int)Math.Clamp(options.Budget / Max(typical, TimeSpan.FromTicks(1)), FewestRuns, MostRuns);
        double[] times = [.. bound.Time(runs, warmUpRuns: 0).Select(t => t.TotalMicroseconds)];
        return new BenchReport(path, options.Cuda ? "cuda" : "cpu", session.UsesCudaGraph, [.. inputs.Select(i => $"{i.Key}: {i.Value}")],
            runs, Percentile.Of(times, 0.5), Percentile.Of(times, 0.9), times.Min());
    }

    private static IReadOnlyDictionary<string, HostTensor> Inputs(OnnxModel model, BenchOptions options)
    {
        if (options.Inputs is not { } given) return RandomInputs.For(model, options.Shapes, options.Seed);
        // Test data may have a tensor for an input that the exporter pruned.
        var known = model.Proto.Graph.Input.Select(i => i.Name).ToHashSet(StringComparer.Ordinal);
        return given.Where(i => known.Contains(i.Key)).ToDictionary(StringComparer.Ordinal);
    }

    private static BindOptions Shapes(IReadOnlyDictionary<string, HostTensor> inputs)
    {
        var options = new BindOptions();
        foreach (var (name, tensor) in inputs) options.Shape(name, [.. tensor.Dims]);
        return options;
    }

    private static void Fill(DeviceTensor buffer, HostTensor tensor)
    {
        using var staged = DeviceTensor.Create((TensorElementType)tensor.Type, [.. tensor.Dims]);
        tensor.Bytes.CopyTo(staged.Value.GetTensorMutableRawData());
        buffer.CopyFrom(staged);
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
