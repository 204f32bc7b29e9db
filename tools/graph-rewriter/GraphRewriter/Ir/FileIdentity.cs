using System.Runtime.InteropServices;

namespace FlashRt.GraphRewriter.Ir;

/// <summary>Which file a name stands for: the device and the number on it. .NET 10 has no call for that.</summary>
internal readonly partial record struct FileIdentity(uint Major, uint Minor, ulong Number)
{
    private const int CurrentDirectory = -100;  // AT_FDCWD
    private const uint Inode = 0x100;           // STATX_INO

    /// <summary>Null where the platform does not say.</summary>
    public static FileIdentity? Of(string path)
    {
        if (!OperatingSystem.IsLinux()) return null;
        try
        {
            return Statx(CurrentDirectory, path, 0, Inode, out var status) == 0
                ? new FileIdentity(status.Major, status.Minor, status.Number) : null;
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int directory, string path, int flags, uint mask, out Status status);

    /// <summary>struct statx, which is laid out alike on every architecture.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Status
    {
        [FieldOffset(32)] public ulong Number;
        [FieldOffset(136)] public uint Major;
        [FieldOffset(140)] public uint Minor;
    }
}
