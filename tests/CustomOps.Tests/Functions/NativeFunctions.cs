using System.Reflection;
using System.Runtime.InteropServices;

namespace FlashRt.CustomOps.Tests.Functions;

/// <summary>The C functions of flashrt_kernels.h and flashrt.h that have no managed form.</summary>
internal static unsafe partial class NativeFunctions
{
    public const int Cpu = -1;

    private const string Library = "flashrt_onnx";

    static NativeFunctions()
    {
        // The same file as the managed runtime's gives the same library.
        NativeLibrary.SetDllImportResolver(Assembly.GetExecutingAssembly(), (name, _, _) => name == Library ? NativeLibrary.Load(LibraryPath) : 0);
    }

    [LibraryImport(Library)]
    public static partial int flashrt_quantize_fp8_static_bytes(int device, Tensor* x, Tensor* scale, Tensor* y, nint stream);

    [LibraryImport(Library)]
    public static partial int flashrt_fp8_gemm_bytes_bf16(int device, Tensor* x, Tensor* w, Tensor* actScale, Tensor* wScale, Tensor* d, int transposedW, nint stream);

    [LibraryImport(Library)]
    public static partial int flashrt_gemm_stats(int device, GemmInfo* info);

    [LibraryImport(Library)]
    public static partial int flashrt_device_alloc(int device, nuint bytes, void** memory);

    [LibraryImport(Library)]
    public static partial int flashrt_device_free(int device, void* memory);

    [LibraryImport(Library)]
    public static partial int flashrt_copy(int device, void* destination, void* source, nuint bytes, int kind, nint stream);

    [LibraryImport(Library)]
    private static partial nint flashrt_last_error();

    /// <summary>Path of the library that the managed runtime uses.</summary>
    public static string LibraryPath { get; } = Environment.GetEnvironmentVariable("FLASHRT_NATIVE_LIBRARY")
        ?? Path.Combine(AppContext.BaseDirectory, "runtimes", RuntimeInformation.RuntimeIdentifier, "native", "libflashrt_onnx.so");

    public static string LastError => Marshal.PtrToStringUTF8(flashrt_last_error()) ?? "";

    /// <summary>flashrt_tensor.</summary>
    public struct Tensor
    {
        public void* Data;
        public long* Shape;
        public int Rank;
        public int Type;
    }

    /// <summary>flashrt_gemm_info.</summary>
    public struct GemmInfo
    {
        public long WorkspaceBytes, CachedShapes, AutotunedShapes;
        public int CublasLtVersion;
        public fixed byte CublasLt[512];
    }
}
