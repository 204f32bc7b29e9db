namespace FlashRt.GraphRewriter.Ir;

/// <summary>Paths as the system sees them: absolute, with every symbolic link on the way followed.</summary>
public static class RealPath
{
    private const int MostLinks = 40;  // as Linux allows

    /// <summary>The place that <paramref name="path"/> leads to, which need not exist.</summary>
    public static string Of(string path)
    {
        var absolute = Path.IsPathRooted(path) ? path : Path.Combine(Environment.CurrentDirectory, path);
        var real = Path.GetPathRoot(absolute)!;
        var rest = new Stack<string>();
        Push(rest, absolute[real.Length..]);
        for (var links = 0; rest.TryPop(out var name);)
        {
            if (name == "..")
            {
                real = Path.GetDirectoryName(real) ?? real;  // of what was followed, so "link/.." is beside the link's target
                continue;
            }
            var next = Path.Combine(real, name);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                real = next;
                continue;
            }
            if (++links > MostLinks) throw new IOException($"{path}: symbolic links that never end");
            if (Path.GetPathRoot(target) is { Length: > 0 } root) (real, target) = (root, target[root.Length..]);
            Push(rest, target);
        }
        return real;
    }

    /// <summary>The place that a new file of that name gets: what the name itself links to does not matter, since the link is replaced.</summary>
    public static string OfName(string path) =>
        Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder ? Path.Combine(Of(folder), Path.GetFileName(path)) : Path.GetFullPath(path);

    private static void Push(Stack<string> rest, string path)
    {
        foreach (var name in path.Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries).Reverse())
            if (name != ".") rest.Push(name);
    }
}
