using Google.Protobuf;

namespace FlashRt.GraphRewriter.Ir;

/// <summary>Writes a model and brings its external data along.</summary>
internal static class ModelWriter
{
    public static void Save(OnnxModel model, string path)
    {
        var full = Path.GetFullPath(path);
        var directory = Path.GetDirectoryName(full)!;
        var temporary = $"{full}.{Environment.ProcessId}.tmp";
        try
        {
            Directory.CreateDirectory(directory);
            var proto = WeightFiles.Place(model, full);
            using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write))
            {
                proto.WriteTo(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, full, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or OverflowException or OutOfMemoryException)
        {
            throw new OnnxModelException(path, e is IOException or UnauthorizedAccessException
                ? $"cannot be written ({e.Message.TrimEnd('.')})"
                : "would be larger than 2 GiB, which protobuf cannot hold; save the source model with external data", e);
        }
        finally
        {
            File.Delete(temporary);
        }
    }
}
