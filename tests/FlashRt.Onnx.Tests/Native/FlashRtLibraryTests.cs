using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using System.Text.Json;

namespace FlashRt.Onnx.Tests.Native;

[TestClass]
public class FlashRtLibraryTests
{
    [TestMethod]
    public void DescribesItself()
    {
        Assert.IsTrue(FlashRtLibrary.TryLoad(out string reason), reason);
        Assert.IsTrue(System.Version.TryParse(FlashRtLibrary.Version, out _), FlashRtLibrary.Version);
        using JsonDocument ops = JsonDocument.Parse(FlashRtLibrary.OpsJson), catalog = JsonDocument.Parse(FlashRtLibrary.CatalogJson);
        Assert.AreEqual(FlashRtLibrary.Domain, ops.RootElement.GetProperty("domain").GetString());
        Assert.AreEqual(FlashRtLibrary.Domain, catalog.RootElement.GetProperty("domain").GetString());
        FlashRtCapabilities capabilities = FlashRtLibrary.Capabilities;
        Assert.AreEqual(capabilities.DeviceCount, FlashRtDevice.Count);
        Assert.AreEqual(capabilities.DeviceCount, FlashRtLibrary.Devices.Count);
        Assert.AreEqual(capabilities.BuiltWithCuda, capabilities.CudaToolkit > 0);
    }

    [TestMethod]
    public void NoSuchDeviceIsAnError() => AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => FlashRtDevice.Get(99)), "flashrt_get_device");

    [TestMethod]
    public void RegistersOncePerOptions()
    {
        using var options = new SessionOptions();
        FlashRtLibrary.Register(options);
        FlashRtLibrary.Register(options);
        Parallel.For(0, 8, _ => FlashRtLibrary.Register(options));
        using var first = new InferenceSession(TestModels.RmsNorm(DataType.Float16, 1, 8), options);
        using var second = new InferenceSession(TestModels.RmsNorm(DataType.Bfloat16, 1, 8), options);
        using var others = new SessionOptions();
        FlashRtLibrary.Register(others);
        using var third = new InferenceSession(TestModels.RmsNorm(DataType.Float, 1, 8), others);
    }

    [TestMethod]
    public void RefusesDisposedOptions()
    {
        var options = new SessionOptions();
        options.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => FlashRtLibrary.Register(options));
    }

    [TestMethod]
    public void AMissingLibraryIsNamed()
    {
        string message = ReasonWith("/no/such/libflashrt_onnx.so");
        StringAssert.Contains(message, "FLASHRT_NATIVE_LIBRARY");
        StringAssert.Contains(message, "/no/such/libflashrt_onnx.so");
    }

    [TestMethod]
    public void AFileThatIsNoLibraryIsNamed()
    {
        string file = Path.GetTempFileName();
        try
        {
            StringAssert.Contains(ReasonWith(file), file);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [TestMethod]
    public void TheVariableMayNameTheFolder()
    {
        string? folder = Directory.EnumerateFiles(AppContext.BaseDirectory, "libflashrt_onnx.so", SearchOption.AllDirectories).Select(Path.GetDirectoryName).FirstOrDefault();
        if (folder is null) Assert.Inconclusive("the native library does not lie beside the tests");
        Assert.AreEqual("", ReasonWith(folder));
    }

    /// <summary>The library is looked for once in a process; a second copy of the assembly looks again.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static string ReasonWith(string variable)
    {
        string? before = Environment.GetEnvironmentVariable("FLASHRT_NATIVE_LIBRARY");
        Environment.SetEnvironmentVariable("FLASHRT_NATIVE_LIBRARY", variable);
        try
        {
            var context = new AssemblyLoadContext("second copy");
            Assembly copy = context.LoadFromAssemblyPath(typeof(FlashRtLibrary).Assembly.Location);
            object?[] arguments = [null];
            copy.GetType(typeof(FlashRtLibrary).FullName!)!.GetMethod(nameof(FlashRtLibrary.TryLoad))!.Invoke(null, arguments);
            return (string)arguments[0]!;
        }
        finally
        {
            Environment.SetEnvironmentVariable("FLASHRT_NATIVE_LIBRARY", before);
        }
    }
}
