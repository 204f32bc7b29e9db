namespace FlashRt.GraphRewriter.Ir;

/// <summary>
/// Puts a model's external files within reach of its output. ONNX Runtime refuses paths and symbolic links that leave the model's
/// directory but takes hard links, so files are linked where the file system can, otherwise copied; never moved or overwritten, since
/// an older output may need what is there.
/// </summary>
internal sealed class WeightFiles(OnnxModel model, string output) : IDisposable
{
    private readonly List<TemporaryFile> brought = [];
    private readonly string directory = Path.GetDirectoryName(output)!;

    /// <summary>The protobuf to write: the model's own, or a copy with new locations where a file had to take another name.</summary>
    public ModelProto Bring()
    {
        if (model.Path is null) return model.Proto;
        var from = Path.GetDirectoryName(Path.GetFullPath(model.Path))!;
        if (from == directory) return model.Proto;

        var renamed = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var tensor in ExternalTensors.Of(model.Proto).DistinctBy(t => ExternalData.Entry(t, "location")).ToList())
        {
            // The file itself: a hard link to a symbolic link would be that link, and lead nowhere from another directory.
            var (source, _, _) = model.External!.Locate(tensor);
            var location = ExternalData.Entry(tensor, "location")!;
            var name = Bring(source, location);
            if (name != location) renamed.Add(location, name);
        }
        if (renamed.Count == 0) return model.Proto;

        var proto = model.Proto.Clone();
        foreach (var entry in ExternalTensors.Of(proto).SelectMany(t => t.ExternalData).Where(e => e.Key == "location"))
            if (renamed.TryGetValue(entry.Value, out var name)) entry.Value = name;
        return proto;
    }

    /// <summary>Gives the files their names, which are new, so that nothing is replaced.</summary>
    public void Commit()
    {
        foreach (var file in brought) file.Commit();
    }

    /// <summary>Deletes the files again, for a model that could not be written.</summary>
    public void TakeBack()
    {
        foreach (var file in brought) File.Delete(file.Target);
    }

    public void Dispose()
    {
        foreach (var file in brought) file.Dispose();
    }

    private string Bring(string source, string location)
    {
        foreach (var name in Names(location))
        {
            var target = Path.Combine(directory, name);
            if (target == output || brought.Any(b => b.Target == target)) continue;
            if (File.Exists(target))
            {
                if (FileContent.AreEqual(source, target)) return name;
                continue;
            }
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            var temporary = new TemporaryFile(target);
            brought.Add(temporary);
            if (!HardLink.TryCreate(source, temporary.Path)) File.Copy(source, temporary.Path, overwrite: true);
            return name;
        }
        throw new IOException($"there is no free name for '{location}'");
    }

    // The location itself, or one that tells which model it belongs to.
    private IEnumerable<string> Names(string location)
    {
        string folder = Path.GetDirectoryName(location) ?? "", file = Path.GetFileName(location), stem = Path.GetFileNameWithoutExtension(output);
        return Enumerable.Range(2, 1000).Select(n => Path.Combine(folder, $"{stem}.{n}.{file}")).Prepend(Path.Combine(folder, $"{stem}.{file}")).Prepend(location);
    }
}
