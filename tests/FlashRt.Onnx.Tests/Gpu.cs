namespace FlashRt.Onnx.Tests;

internal static class Gpu
{
    internal static readonly FlashRtOptions Plain = new() { Provider = FlashRtProvider.Cuda };
    internal static readonly FlashRtOptions Captured = Plain with { CudaGraph = true };

    /// <summary>Reports the test inconclusive on a machine without a GPU.</summary>
    internal static void Require()
    {
        if (FlashRtDevice.Count == 0) Assert.Inconclusive("there is no CUDA device");
    }
}
