using FlashRt.Onnx;
using Microsoft.ML.OnnxRuntime;

namespace FlashRt.Validation;

/// <summary>Where and how a model is run for a comparison.</summary>
/// <param name="Library">With the FlashRt ops; without, fused nodes run as the functions they carry.</param>
/// <param name="Cuda">On the CUDA provider; otherwise on the CPU.</param>
/// <param name="Optimised">
/// With ONNX Runtime's graph optimisations. For whole models they are off: on the CPU they change float16 models by several times what a
/// rewrite does, and would hide it.
/// </param>
internal sealed record RunOn(bool Library, bool Cuda = false, bool Optimised = false)
{
    /// <summary>ONNX Runtime's own CPU kernels on the graph as it is: the reference for everything.</summary>
    public static readonly RunOn Stock = new(Library: false);

    public SessionOptions SessionOptions()
    {
        var options = new SessionOptions
        {
            GraphOptimizationLevel = Optimised ? GraphOptimizationLevel.ORT_ENABLE_ALL : GraphOptimizationLevel.ORT_DISABLE_ALL,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        try
        {
            if (Library) FlashRtLibrary.Register(options);
            if (Cuda)
            {
                if (FlashRtDevice.Count == 0) throw new ValidationException(NoDevice());
                using var cuda = new OrtCUDAProviderOptions();
                // TF32 would make float32 matrix products differ from the reference by more than the tolerance.
                cuda.UpdateOptions(new Dictionary<string, string> { ["use_tf32"] = "0" });
                options.AppendExecutionProvider_CUDA(cuda);
            }
            return options;
        }
        catch
        {
            options.Dispose();
            throw;
        }
    }

    private static string NoDevice() => "The CUDA provider was asked for, but " + (FlashRtDevice.Capabilities.BuiltWithCuda
        ? "there is no usable CUDA device."
        : "the native library was built without CUDA kernels; build it with nvcc on PATH: ./build.sh native.");
}
