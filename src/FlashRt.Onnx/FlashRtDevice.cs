using FlashRt.Onnx.Native;

namespace FlashRt.Onnx;

/// <summary>One CUDA device.</summary>
/// <param name="Index">The CUDA device number.</param>
/// <param name="Name">The device's name.</param>
/// <param name="ComputeCapability">For example 9.0 for Hopper.</param>
/// <param name="Multiprocessors">Number of streaming multiprocessors.</param>
/// <param name="TotalMemory">Bytes of device memory.</param>
/// <param name="FreeMemory">Bytes free at the time of asking.</param>
/// <param name="L2Bytes">Size of the L2 cache.</param>
/// <param name="MemoryClockKhz">Memory clock, 0 where the driver does not tell.</param>
/// <param name="MemoryBusBits">Width of the memory bus.</param>
/// <param name="KernelsIncluded">Whether the native library has machine code for this device.</param>
public sealed record FlashRtDevice(
    int Index, string Name, Version ComputeCapability, int Multiprocessors, long TotalMemory, long FreeMemory, long L2Bytes,
    int MemoryClockKhz, int MemoryBusBits, bool KernelsIncluded)
{
    /// <summary>Number of usable CUDA devices; 0 without a GPU, a driver, or CUDA kernels in the native library.</summary>
    /// <exception cref="FlashRtException">The native library cannot be loaded.</exception>
    public static int Count => FlashRtLibrary.Capabilities.DeviceCount;

    /// <summary>What the native library and this machine can do.</summary>
    /// <exception cref="FlashRtException">The native library cannot be loaded.</exception>
    public static FlashRtCapabilities Capabilities => FlashRtLibrary.Capabilities;

    /// <summary>All devices, in CUDA's order.</summary>
    /// <exception cref="FlashRtException">The native library cannot be loaded.</exception>
    public static IReadOnlyList<FlashRtDevice> All => [.. Enumerable.Range(0, Count).Select(Get)];

    /// <summary>The device of a number.</summary>
    /// <exception cref="FlashRtException">There is no such device, or the native library cannot be loaded.</exception>
    public static unsafe FlashRtDevice Get(int index)
    {
        NativeMethods.Check(NativeMethods.flashrt_get_device(index, out var found));
        return new(index, NativeMethods.Text(found.Name), new(found.ComputeMajor, found.ComputeMinor), found.Multiprocessors, found.TotalMemory,
            found.FreeMemory, found.L2Bytes, found.MemoryClockKhz, found.MemoryBusBits, found.KernelsIncluded != 0);
    }
}
