namespace FlashRt.GraphRewriter.Cli;

/// <summary>Writes a text under a temporary name and renames it: a reader sees the old file or the new one.</summary>
internal static class AtomicFile
{
    public static void Write(string path, string text)
    {
        var temporary = $"{Path.GetFullPath(path)}.{Environment.ProcessId}.tmp";
        try
        {
            File.WriteAllText(temporary, text + "\n");
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{path}: cannot be written ({e.Message.TrimEnd('.')})", e);
        }
        finally
        {
            File.Delete(temporary);
        }
    }
}
