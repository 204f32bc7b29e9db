using FlashRt.Onnx;
using FlashRt.Validation.Ops;

namespace FlashRt.TestKit;

/// <summary>Tests that need a GPU are inconclusive without one, never silently passed.</summary>
public static class Cuda
{
    /// <summary>Whether there is a CUDA device that the native library has kernels for.</summary>
    public static bool IsAvailable { get; } = FlashRtDevice.Count > 0;

    /// <summary>Ends the test as inconclusive when it needs a device and there is none.</summary>
    public static void RequireFor(OpProvider provider)
    {
        if (provider == OpProvider.Cuda)
            Require();
    }

    /// <summary>Ends the test as inconclusive when there is no device.</summary>
    public static void Require()
    {
        if (!IsAvailable)
            Assert.Inconclusive("There is no CUDA device.");
    }
}
