namespace FlashRt.Onnx;

/// <summary>What the native library was built with and what this process can use.</summary>
/// <param name="BuiltWithCuda">Whether the CUDA kernels are in the library.</param>
/// <param name="CudaToolkit">CUDART_VERSION of the build (13000 is 13.0), 0 without CUDA.</param>
/// <param name="CudaDriver">The CUDA version that the driver supports, 0 without a driver.</param>
/// <param name="DeviceCount">Usable CUDA devices.</param>
/// <param name="CublasLtVersion">Version of the loaded cuBLASLt, 0 while it is not loaded.</param>
/// <param name="HasFmha">Whether a fused attention kernel is in the build and runs on device 0.</param>
/// <param name="HasCutlassSm100">Whether the build has block-scaled tensor core kernels for sm_100.</param>
/// <param name="HasNvfp4">Whether NVFP4 GEMM runs natively on device 0; otherwise it is emulated exactly.</param>
public sealed record FlashRtCapabilities(
    bool BuiltWithCuda, int CudaToolkit, int CudaDriver, int DeviceCount, int CublasLtVersion, bool HasFmha, bool HasCutlassSm100, bool HasNvfp4);
