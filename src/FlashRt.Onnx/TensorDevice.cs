using Microsoft.ML.OnnxRuntime;

namespace FlashRt.Onnx;

/// <summary>Where a tensor lies: in CPU memory or on a CUDA device.</summary>
public readonly record struct TensorDevice
{
    private TensorDevice(bool isCuda, int index)
    {
        IsCuda = isCuda;
        Index = index;
    }

    /// <summary>CPU memory.</summary>
    public static TensorDevice Cpu => default;

    /// <summary>Whether this is a CUDA device.</summary>
    public bool IsCuda { get; }

    /// <summary>Number of the CUDA device, 0 for the CPU.</summary>
    public int Index { get; }

    /// <summary>Memory of a CUDA device.</summary>
    public static TensorDevice Cuda(int index = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        return new(true, index);
    }

    /// <summary>"cpu" or "cuda:0".</summary>
    public override string ToString() => IsCuda ? $"cuda:{Index}" : "cpu";

    /// <summary>ONNX Runtime's description of the memory.</summary>
    internal OrtMemoryInfo CreateMemoryInfo() =>
        new(IsCuda ? OrtMemoryInfo.allocatorCUDA : OrtMemoryInfo.allocatorCPU, OrtAllocatorType.DeviceAllocator, Index, OrtMemType.Default);

    /// <summary>Reads ONNX Runtime's description; pinned memory counts as CPU memory.</summary>
    internal static TensorDevice Of(OrtMemoryInfo info) => info.Name.Equals("Cuda", StringComparison.OrdinalIgnoreCase) ? Cuda(info.Id) : Cpu;
}
