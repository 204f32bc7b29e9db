using System.Runtime.CompilerServices;
using FlashRt.Onnx.Native;
using Microsoft.ML.OnnxRuntime;

namespace FlashRt.Onnx;

/// <summary>
/// The native library, libflashrt_onnx: the com.flashrt ops for ONNX Runtime. It is found by .NET's normal probing
/// (runtimes/&lt;rid&gt;/native), or where the environment variable FLASHRT_NATIVE_LIBRARY says, loaded when first needed, and never
/// unloaded, because sessions hold pointers into it.
/// </summary>
public static unsafe class FlashRtLibrary
{
    /// <summary>The domain of the ops.</summary>
    public const string Domain = "com.flashrt";

    private static readonly ConditionalWeakTable<SessionOptions, object> s_registered = [];

    /// <summary>Version of the native library.</summary>
    /// <exception cref="FlashRtException">The library cannot be loaded.</exception>
    public static string Version => NativeMethods.Text(NativeMethods.flashrt_version());

    /// <summary>catalog.json as the native library was built from.</summary>
    /// <exception cref="FlashRtException">The library cannot be loaded.</exception>
    public static string CatalogJson => NativeMethods.Text(NativeMethods.flashrt_catalog_json());

    /// <summary>The ops that the library registers: names, providers, inputs, outputs, attributes, as JSON.</summary>
    /// <exception cref="FlashRtException">The library cannot be loaded.</exception>
    public static string OpsJson => NativeMethods.Text(NativeMethods.flashrt_ops_json());

    /// <summary>What the library was built with and what the machine can use.</summary>
    /// <exception cref="FlashRtException">The library cannot be loaded.</exception>
    public static FlashRtCapabilities Capabilities
    {
        get
        {
            NativeMethods.Check(NativeMethods.flashrt_get_capabilities(out var found));
            return new(found.BuiltWithCuda != 0, found.CudaToolkit, found.CudaDriver, found.DeviceCount, found.CublasLtVersion,
                found.HasFmha != 0, found.HasCutlassSm100 != 0, found.HasNvfp4 != 0);
        }
    }

    /// <summary>The CUDA devices, empty on a machine without any.</summary>
    /// <exception cref="FlashRtException">The library cannot be loaded.</exception>
    public static IReadOnlyList<FlashRtDevice> Devices => FlashRtDevice.All;

    /// <summary>Whether the native library can be loaded; <paramref name="reason"/> says why not.</summary>
    public static bool TryLoad(out string reason)
    {
        try
        {
            _ = NativeMethods.flashrt_version();
            reason = "";
            return true;
        }
        catch (FlashRtException error)
        {
            reason = error.Message;
            return false;
        }
    }

    /// <summary>
    /// Registers the ops of the domain com.flashrt with session options. Calling it again for the same options does nothing:
    /// ONNX Runtime itself would refuse the domain the second time, when the session is created.
    /// </summary>
    /// <exception cref="FlashRtException">The library cannot be loaded, or ONNX Runtime refuses the ops.</exception>
    public static void Register(SessionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        // "Look and register" has to be one step for two threads that share the options.
        lock (s_registered)
        {
            if (s_registered.TryGetValue(options, out _)) return;
            bool added = false;
            try
            {
                options.DangerousAddRef(ref added);
                OrtFunctions.Check(NativeMethods.RegisterCustomOps(options.DangerousGetHandle(), OrtFunctions.Base));
            }
            finally
            {
                if (added) options.DangerousRelease();
            }
            s_registered.Add(options, new());
        }
    }
}
