using FlashRt.Onnx.Native;
using Microsoft.ML.OnnxRuntime;

namespace FlashRt.Onnx.Runtime;

/// <summary>Decides where a session runs and makes ONNX Runtime's options for it.</summary>
internal sealed class ProviderChoice
{
    private const string CudaName = "CUDAExecutionProvider";
    private const string RecordPlacements = "session.record_ep_graph_assignment_info";

    private ProviderChoice(TensorDevice device, string reason)
    {
        Device = device;
        Reason = reason;
    }

    internal TensorDevice Device { get; }

    internal string Reason { get; }

    /// <summary>Makes the options; the caller disposes them. On failure to get CUDA, Auto falls back to the CPU and Cuda throws.</summary>
    internal static (SessionOptions Options, ProviderChoice Choice) Make(FlashRtOptions options)
    {
        OrtFunctions.Version();  // says what is wrong when ONNX Runtime itself is missing
        if (options.Provider == FlashRtProvider.Cpu) return (MakeCpu(options), new(TensorDevice.Cpu, "the CPU was asked for"));
        string? obstacle = Obstacle(options);
        if (obstacle is null)
        {
            try
            {
                return (MakeCuda(options), new(TensorDevice.Cuda(options.DeviceId), $"CUDA device {options.DeviceId} is usable"));
            }
            catch (OnnxRuntimeException error)
            {
                obstacle = $"ONNX Runtime's CUDA provider cannot be used: {error.Message.Trim()} (libonnxruntime_providers_cuda.so has to lie beside "
                    + "libonnxruntime.so, and the CUDA libraries that it was built for on LD_LIBRARY_PATH)";
            }
        }
        if (options.Provider == FlashRtProvider.Cuda) throw new FlashRtException($"The session cannot run on CUDA: {obstacle}.");
        return (MakeCpu(options), new(TensorDevice.Cpu, obstacle));
    }

    private static string? Obstacle(FlashRtOptions options)
    {
        if (!FlashRtLibrary.TryLoad(out string reason)) return reason;
        FlashRtCapabilities found = FlashRtLibrary.Capabilities;
        if (!found.BuiltWithCuda) return "the native library was built without CUDA kernels (build it with nvcc on PATH: ./build.sh native)";
        if (found.DeviceCount == 0) return "there is no usable CUDA device";
        if (options.DeviceId >= found.DeviceCount) return $"there is no CUDA device {options.DeviceId}, devices are 0 to {found.DeviceCount - 1}";
        if (!OrtEnv.Instance().GetAvailableProviders().Contains(CudaName)) return $"this ONNX Runtime ({OrtFunctions.Version()}) is built without {CudaName}";
        return null;
    }

    private static SessionOptions MakeCpu(FlashRtOptions options) => Fill(new SessionOptions(), options, record: options.RecordPlacements);

    private static SessionOptions MakeCuda(FlashRtOptions options)
    {
        using var cuda = new OrtCUDAProviderOptions();
        var entries = new Dictionary<string, string>(options.ProviderOptions) { ["device_id"] = options.DeviceId.ToString() };
        if (options.CudaGraph) entries["enable_cuda_graph"] = "1";
        cuda.UpdateOptions(entries);
        var session = new SessionOptions();
        try
        {
            session.AppendExecutionProvider_CUDA(cuda);
        }
        catch
        {
            session.Dispose();
            throw;
        }
        return Fill(session, options, record: options.RecordPlacements || options.CudaGraph);
    }

    private static SessionOptions Fill(SessionOptions session, FlashRtOptions options, bool record)
    {
        try
        {
            session.GraphOptimizationLevel = options.GraphOptimizationLevel;
            session.LogSeverityLevel = options.LogSeverity;
            if (options.IntraOpThreads > 0) session.IntraOpNumThreads = options.IntraOpThreads;
            if (record) session.AddSessionConfigEntry(RecordPlacements, "1");
            foreach (var (key, value) in options.SessionConfig) session.AddSessionConfigEntry(key, value);
            if (options.RegisterOps) FlashRtLibrary.Register(session);
            options.Configure?.Invoke(session);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }
}
