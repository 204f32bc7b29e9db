using System.Runtime.InteropServices;

namespace FlashRt.Onnx.Native;

/// <summary>
/// The C interface of libflashrt_onnx (native/customops/include/flashrt.h) and the one entry of ONNX Runtime that is needed beside it.
/// </summary>
internal static unsafe partial class NativeMethods
{
    internal const string Library = "flashrt_onnx";
    internal const string OnnxRuntime = "onnxruntime";

    static NativeMethods() => NativeLoader.Install();

    [LibraryImport(Library)]
    internal static partial byte* flashrt_version();

    [LibraryImport(Library)]
    internal static partial byte* flashrt_last_error();

    [LibraryImport(Library)]
    internal static partial byte* flashrt_ops_json();

    [LibraryImport(Library)]
    internal static partial byte* flashrt_catalog_json();

    [LibraryImport(Library)]
    internal static partial Status flashrt_get_capabilities(out NativeCapabilities capabilities);

    [LibraryImport(Library)]
    internal static partial Status flashrt_get_device(int device, out NativeDevice description);

    [LibraryImport(Library)]
    internal static partial Status flashrt_device_alloc(int device, nuint bytes, out nint pointer);

    [LibraryImport(Library)]
    internal static partial Status flashrt_device_free(int device, nint pointer);

    [LibraryImport(Library)]
    internal static partial Status flashrt_copy(int device, nint destination, nint source, nuint bytes, CopyKind kind, nint stream);

    [LibraryImport(Library)]
    internal static partial Status flashrt_device_fill(int device, nint destination, int byteValue, nuint bytes, nint stream);

    [LibraryImport(Library)]
    internal static partial Status flashrt_stream_synchronize(int device, nint stream);

    /// <summary>Registers the ops. Returns an OrtStatus*, null when it worked.</summary>
    [LibraryImport(Library)]
    internal static partial nint RegisterCustomOps(nint sessionOptions, nint ortApiBase);

    [LibraryImport(OnnxRuntime)]
    internal static partial nint OrtGetApiBase();

    internal enum Status
    {
        Ok = 0,
        InvalidArgument = 1,
        NoDevice = 2,
        Cuda = 3,
        Internal = 4,
    }

    internal enum CopyKind
    {
        HostToDevice = 1,
        DeviceToHost = 2,
        DeviceToDevice = 3,
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeCapabilities
    {
        internal int BuiltWithCuda, CudaToolkit, CudaDriver, DeviceCount, CublasLtVersion, HasFmha, HasCutlassSm100, HasNvfp4;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeDevice
    {
        internal fixed byte Name[256];
        internal int ComputeMajor, ComputeMinor, Multiprocessors, MemoryClockKhz, MemoryBusBits;
        internal long TotalMemory, FreeMemory, L2Bytes;
        internal int KernelsIncluded;
    }

    internal static string Text(byte* utf8) => Marshal.PtrToStringUTF8((nint)utf8) ?? "";

    /// <summary>Throws for anything but success, with the library's own message.</summary>
    internal static void Check(Status status)
    {
        if (status != Status.Ok) throw new FlashRtException(Text(flashrt_last_error()));
    }
}
