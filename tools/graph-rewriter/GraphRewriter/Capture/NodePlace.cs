namespace FlashRt.GraphRewriter.Capture;

/// <summary>Where a node would run in a CUDA session.</summary>
public enum NodePlace
{
    /// <summary>Nowhere: computed once when the session is made.</summary>
    Folded,

    /// <summary>On the CPU.</summary>
    Cpu,

    /// <summary>On the GPU.</summary>
    Cuda,
}
