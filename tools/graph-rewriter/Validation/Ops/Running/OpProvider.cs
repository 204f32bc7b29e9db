namespace FlashRt.Validation.Ops;

/// <summary>Where an op runs.</summary>
public enum OpProvider
{
    /// <summary>ONNX Runtime's CPU provider with our CPU kernels.</summary>
    Cpu,

    /// <summary>ONNX Runtime's CUDA provider with our CUDA kernels.</summary>
    Cuda,
}
