using System.Runtime.InteropServices;

namespace FlashRt.GraphRewriter.Ir;

/// <summary>Which file a name stands for: the device and the number on it. .NET 10 has no call for that.</summary>
public readonly partial record struct FileIdentity(uint Major, uint Minor, ulong Number)
{
    private const int CurrentDirectory = -100;  // AT_FDCWD
    private const uint Inode = 0x100, Type = 1; // STATX_INO, STATX_TYPE
    private const int TypeBits = 0xF000, Regular = 0x8000, Folder = 0x4000;  // S_IFMT, S_IFREG, S_IFDIR

    /// <summary>Null where the platform does not say.</summary>
    public static FileIdentity? Of(string path) => Look(path, Inode) is { } status ? new FileIdentity(status.Major, status.Minor, status.Number) : null;

    /// <summary>True for devices, pipes and sockets, as far as the platform says.</summary>
    public static bool IsSpecial(string path) => Look(path, Type) is { } status && (status.Mode & TypeBits) is not (Regular or Folder);

    private static Status? Look(string path, uint wanted)
    {
        if (!OperatingSystem.IsLinux()) return null;
        try
        {
            return Statx(CurrentDirectory, path, 0, wanted, out var status) == 0 ? status : null;
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
        [FieldOffset(28)] public ushort Mode;
        [FieldOffset(32)] public ulong Number;
        [FieldOffset(136)] public uint Major;
        [FieldOffset(140)] public uint Minor;
    }
}
