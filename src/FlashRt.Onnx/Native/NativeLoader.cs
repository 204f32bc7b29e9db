using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace FlashRt.Onnx.Native;

/// <summary>
/// Finds the native libraries. Both are looked for by .NET's normal probing (native assets of the application, the application's
/// folder, then the operating system's search path) and at last in runtimes/&lt;rid&gt;/native below the application's folder, where
/// builds that reference the project rather than the package put them.
/// </summary>
internal static class NativeLoader
{
    internal const string LibraryVariable = "FLASHRT_NATIVE_LIBRARY";

    internal static void Install() => NativeLibrary.SetDllImportResolver(typeof(NativeLoader).Assembly, Resolve);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath) => name switch
    {
        NativeMethods.Library => LoadFlashRt(assembly),
        // The same search from the same assembly as the managed API makes, so that both end at one library.
        NativeMethods.OnnxRuntime => Find(NativeMethods.OnnxRuntime, typeof(OrtEnv).Assembly, []),
        _ => 0,
    };

    private static nint LoadFlashRt(Assembly assembly)
    {
        var tried = new List<string>();
        if (Environment.GetEnvironmentVariable(LibraryVariable) is { Length: > 0 } chosen)
        {
            string file = Directory.Exists(chosen) ? Path.Combine(chosen, FileName(NativeMethods.Library)) : chosen;
            if (NativeLibrary.TryLoad(file, out nint overridden)) return overridden;
            throw new FlashRtException($"The environment variable {LibraryVariable} names '{file}', "
                + $"which cannot be loaded: {Reason(file)}. Correct or unset it.");
        }
        nint found = Find(NativeMethods.Library, assembly, tried);
        if (found != 0) return found;
        string present = tried.Find(File.Exists) is { } broken ? $"'{broken}' exists but cannot be loaded: {Reason(broken)}" : "it was not found";
        throw new FlashRtException(
            $"The native library {FileName(NativeMethods.Library)} could not be loaded: {present}. Looked in the application's native assets, the "
            + $"operating system's search path, and {string.Join(", ", tried)}. Build it (./build.sh native), or set {LibraryVariable} to the file, "
            + "or open the session with RegisterOps = false, which runs the standard ONNX functions that a rewritten model carries.");
    }

    private static nint Find(string name, Assembly assembly, List<string> tried)
    {
        string file = FileName(name);
        if (NativeLibrary.TryLoad(file, assembly, null, out nint handle)) return handle;
        string?[] folders = [Path.GetDirectoryName(assembly.Location), AppContext.BaseDirectory];
        foreach (string folder in folders.Where(f => !string.IsNullOrEmpty(f)).Select(f => Path.TrimEndingDirectorySeparator(f!)).Distinct())
        {
            foreach (string rid in new[] { RuntimeInformation.RuntimeIdentifier, PortableRid() }.Distinct())
            {
                string path = Path.Combine(folder, "runtimes", rid, "native", file);
                tried.Add(path);
                if (NativeLibrary.TryLoad(path, out handle)) return handle;
            }
        }
        return 0;
    }

    private static string Reason(string file)
    {
        try
        {
            NativeLibrary.Free(NativeLibrary.Load(file));
            return "the reason is gone on a second try";
        }
        catch (Exception error) when (error is DllNotFoundException or BadImageFormatException)
        {
            return error.Message.ReplaceLineEndings(" ").Trim();
        }
    }

    private static string PortableRid()
    {
        string system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
        return $"{system}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
    }

    private static string FileName(string name) =>
        OperatingSystem.IsWindows() ? name + ".dll" : OperatingSystem.IsMacOS() ? $"lib{name}.dylib" : $"lib{name}.so";
}
