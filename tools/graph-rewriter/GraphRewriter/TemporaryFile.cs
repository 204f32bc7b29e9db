using System.Collections.Concurrent;

namespace FlashRt.GraphRewriter;

/// <summary>
/// A file in the making: written under a name of its own beside its target and renamed when it is whole, so that a reader sees the
/// old file or the new one. Deleted when it is given up.
/// </summary>
public sealed class TemporaryFile : IDisposable
{
    private static readonly ConcurrentDictionary<string, byte> s_open = new();
    private static int s_made;

    /// <summary>Chooses a name beside <paramref name="target"/>; nothing is made yet.</summary>
    public TemporaryFile(string target)
    {
        Target = System.IO.Path.GetFullPath(target);
        Path = $"{Target}.{Environment.ProcessId}-{Interlocked.Increment(ref s_made)}.tmp";
        s_open[Path] = 0;
    }

    /// <summary>Where to write.</summary>
    public string Path { get; }

    /// <summary>Where the file will be; until then it may be decided anew.</summary>
    public string Target { get; set; }

    /// <summary>Puts the file in its place, over one that is there.</summary>
    public void Commit() => File.Move(Path, Target, overwrite: true);

    /// <summary>For a process that is about to end without finishing its work: deletes what is in the making.</summary>
    public static void DeleteAll()
    {
        foreach (var path in s_open.Keys) Delete(path);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Delete(Path);
        s_open.TryRemove(Path, out _);
    }

    // A file that cannot be deleted must not hide why the work was given up.
    private static void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }
}
