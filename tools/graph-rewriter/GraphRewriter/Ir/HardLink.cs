using System.Runtime.InteropServices;

namespace FlashRt.GraphRewriter.Ir;

/// <summary>Hard links, which .NET 10 has no call for.</summary>
internal static partial class HardLink
{
    /// <summary>False where the file system or the platform refuses, for example across devices.</summary>
    public static bool TryCreate(string source, string link)
    {
        File.Delete(link);
        return OperatingSystem.IsWindows() ? CreateHardLink(link, source, 0) : Link(source, link) == 0;
    }

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string source, string link);

    [LibraryImport("kernel32", EntryPoint = "CreateHardLinkW", StringMarshalling = StringMarshalling.Utf16)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool CreateHardLink(string link, string source, nint security);
}
