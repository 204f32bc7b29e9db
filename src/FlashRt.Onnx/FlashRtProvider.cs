namespace FlashRt.Onnx;

/// <summary>Where a session runs.</summary>
public enum FlashRtProvider
{
    /// <summary>CUDA when there is a usable device and provider, otherwise the CPU; <see cref="FlashRtSession.ProviderReason"/> tells why.</summary>
    Auto,

    /// <summary>The CPU.</summary>
    Cpu,

    /// <summary>A CUDA device; opening fails without one.</summary>
    Cuda,
}
