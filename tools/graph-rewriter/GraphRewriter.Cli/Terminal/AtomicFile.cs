namespace FlashRt.GraphRewriter.Cli;

/// <summary>Writes a text under a temporary name and renames it: a reader sees the old file or the new one.</summary>
internal static class AtomicFile
{
    public static void Write(string path, string text)
    {
        using var temporary = new TemporaryFile(path);
        try
        {
            File.WriteAllText(temporary.Path, text + "\n");
            temporary.Commit();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{path}: cannot be written ({e.Message.TrimEnd('.')})", e);
        }
    }
}
