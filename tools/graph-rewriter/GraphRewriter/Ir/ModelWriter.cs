using Google.Protobuf;

namespace FlashRt.GraphRewriter.Ir;

/// <summary>Writes a model and brings its external data along; the model comes last, so a reader never sees one without its weights.</summary>
internal static class ModelWriter
{
    public static void Save(OnnxModel model, string path)
    {
        var full = Path.GetFullPath(path);
        if (model.WeightFiles.Contains(RealPath.OfName(full)))
            throw new OnnxModelException(path, "is a file with weights of the model, which the output would destroy; choose another name");
        using var weights = new WeightFiles(model, full);
        using var temporary = new TemporaryFile(full);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            var proto = weights.Bring();
            using (var stream = new FileStream(temporary.Path, FileMode.Create, FileAccess.Write))
            {
                proto.WriteTo(stream);
                stream.Flush(flushToDisk: true);
            }
            Commit(weights, temporary);
        }
        catch (Exception e) when (IsOfTheFile(e) || e is OverflowException or OutOfMemoryException)
        {
            throw new OnnxModelException(path, IsOfTheFile(e)
                ? $"cannot be written ({e.Message.Split(" (Parameter")[0].TrimEnd('.')})"
                : "would be larger than 2 GiB, which protobuf cannot hold; save the source model with external data", e);
        }
    }

    // .NET reports a file beyond a limit on sizes as an argument out of range.
    private static bool IsOfTheFile(Exception e) => e is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException;

    private static void Commit(WeightFiles weights, TemporaryFile temporary)
    {
        try
        {
            weights.Commit();
            temporary.Commit();
        }
        catch
        {
            weights.TakeBack();
            throw;
        }
    }
}
