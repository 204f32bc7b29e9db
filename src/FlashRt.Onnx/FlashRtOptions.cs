using Microsoft.ML.OnnxRuntime;

namespace FlashRt.Onnx;

/// <summary>How a session is opened.</summary>
public sealed record FlashRtOptions
{
    /// <summary>Where the session runs.</summary>
    public FlashRtProvider Provider { get; init; } = FlashRtProvider.Auto;

    /// <summary>Number of the CUDA device.</summary>
    public int DeviceId { get; init; }

    /// <summary>
    /// Capture each binding's work into a CUDA graph at its first run and replay it afterwards. With <see cref="FlashRtProvider.Auto"/>
    /// the setting is without effect where the session ends up on the CPU.
    /// </summary>
    public bool CudaGraph { get; init; }

    /// <summary>Ordinary runs before a capture, so that libraries and memory pools are warm. ONNX Runtime adds two of its own.</summary>
    public int WarmUpRuns { get; init; } = 1;

    /// <summary>
    /// How many of a binding's first runs are compared with an ordinary run on the same inputs into separate buffers, when the binding is captured
    /// or updates buffers in place. The second comparison is the one that finds values frozen at capture, provided that the inputs changed, and ops
    /// that other runs of the session disturb. 0 switches the check off.
    /// </summary>
    public int SelfCheckRuns { get; init; } = 2;

    /// <summary>
    /// Greatest relative error of the self-check, |replay - ordinary| / |ordinary| over a whole output; null takes 1e-4 for float32, 1e-2 for float16
    /// and 3e-2 for bfloat16. Integer outputs must be equal.
    /// </summary>
    public double? SelfCheckTolerance { get; init; }

    /// <summary>Threads of the CPU provider, 0 for ONNX Runtime's choice.</summary>
    public int IntraOpThreads { get; init; }

    /// <summary>ONNX Runtime's own graph optimisations.</summary>
    public GraphOptimizationLevel GraphOptimizationLevel { get; init; } = GraphOptimizationLevel.ORT_ENABLE_ALL;

    /// <summary>Register the com.flashrt ops. Without them a rewritten model runs on the standard-ONNX functions that it carries.</summary>
    public bool RegisterOps { get; init; } = true;

    /// <summary>Record where each node is placed, for <see cref="FlashRtSession.NodePlacements"/>. Always on with <see cref="CudaGraph"/>.</summary>
    public bool RecordPlacements { get; init; }

    /// <summary>What ONNX Runtime prints to the standard error stream. Little by default, since its errors arrive as exceptions.</summary>
    public OrtLoggingLevel LogSeverity { get; init; } = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;

    /// <summary>ONNX Runtime session configuration entries.</summary>
    public IReadOnlyDictionary<string, string> SessionConfig { get; init; } = new Dictionary<string, string>();

    /// <summary>Options of the CUDA provider.</summary>
    public IReadOnlyDictionary<string, string> ProviderOptions { get; init; } = new Dictionary<string, string>();

    /// <summary>Called with ONNX Runtime's session options before the session is created, for whatever has no property here.</summary>
    public Action<SessionOptions>? Configure { get; init; }

    internal void Check()
    {
        NotNegative(DeviceId, nameof(DeviceId));
        NotNegative(WarmUpRuns, nameof(WarmUpRuns));
        NotNegative(SelfCheckRuns, nameof(SelfCheckRuns));
        NotNegative(IntraOpThreads, nameof(IntraOpThreads));
        if (!Enum.IsDefined(Provider)) throw new FlashRtException($"FlashRtOptions.Provider is {(int)Provider}, which is no provider.");
        if (SelfCheckTolerance is < 0 or double.NaN) throw new FlashRtException("FlashRtOptions.SelfCheckTolerance must be 0 or greater, "
            + $"got {SelfCheckTolerance}.");
        if (SessionConfig is null || SessionConfig.ContainsKey("")) throw new FlashRtException("FlashRtOptions.SessionConfig must be entries with names; "
            + "leave it out where there are none.");
        if (ProviderOptions is null) throw new FlashRtException("FlashRtOptions.ProviderOptions must not be null; leave it out where there are none.");
        if (ProviderOptions.ContainsKey("enable_cuda_graph"))
            throw new FlashRtException("FlashRtOptions.ProviderOptions has enable_cuda_graph: "
                + "use FlashRtOptions.CudaGraph, which also keeps to the rules of captured sessions.");
        if (CudaGraph && Provider == FlashRtProvider.Cpu) throw new FlashRtException("FlashRtOptions.CudaGraph needs the CUDA provider: "
            + "set Provider to Cuda or Auto.");
    }

    private static void NotNegative(int value, string name)
    {
        if (value < 0) throw new FlashRtException($"FlashRtOptions.{name} must not be negative, got {value}.");
    }
}
