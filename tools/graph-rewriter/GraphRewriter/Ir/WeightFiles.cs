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

    /// <summary>
    /// The protobuf to write: the model's own, or a copy with new locations where a file had to take another name or was made of joined
    /// weights.
    /// </summary>
    public ModelProto Bring()
    {
        if (model.Path is null) return model.Proto;
        var renamed = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var tensor in Whole(model.Proto).DistinctBy(t => ExternalData.Entry(t, "location")).ToList())
        {
            // The file itself: a hard link to a symbolic link would be that link, and lead nowhere from another directory.
            var (source, _, _) = model.External!.Locate(tensor);
            var location = ExternalData.Entry(tensor, "location")!;
            var name = Bring(source, location);
            if (name != location) renamed.Add(location, name);
        }
        var joins = ExternalTensors.Of(model.Proto).Any(JoinedTensor.Is);
        if (renamed.Count == 0 && !joins) return model.Proto;

        var proto = model.Proto.Clone();
        foreach (var entry in Whole(proto).SelectMany(t => t.ExternalData).Where(e => e.Key == "location"))
            if (renamed.TryGetValue(entry.Value, out var name)) entry.Value = name;
        if (joins) Join([.. ExternalTensors.Of(proto).Where(JoinedTensor.Is)]);
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

    // The file is written before its name is chosen: one that is there with the same bytes is as good.
    private void Join(IReadOnlyList<TensorProto> tensors)
    {
        var written = new TemporaryFile(Path.Combine(directory, Path.GetFileName(output)));
        brought.Add(written);
        using (var file = new JoinedFile(model.External!)) file.Write(written.Path, tensors);
        var name = Names("merged.weights").Skip(1).FirstOrDefault(n => IsFree(Path.Combine(directory, n)) || FileContent.AreEqual(written.Path, Path.Combine(directory, n)))
            ?? throw new IOException("there is no free name for the merged weights");
        foreach (var tensor in tensors) tensor.ExternalData.Insert(0, new StringStringEntryProto { Key = "location", Value = name });
        written.Target = Path.Combine(directory, name);
        if (!File.Exists(written.Target)) return;
        brought.Remove(written);
        written.Dispose();

        bool IsFree(string target) => !File.Exists(target) && brought.All(b => b.Target != target);
    }

    private static IEnumerable<TensorProto> Whole(ModelProto proto) => ExternalTensors.Of(proto).Where(t => !JoinedTensor.Is(t));

    // The location itself, or one that tells which model it belongs to.
    private IEnumerable<string> Names(string location)
    {
        string folder = Path.GetDirectoryName(location) ?? "", file = Path.GetFileName(location), stem = Path.GetFileNameWithoutExtension(output);
        return Enumerable.Range(2, 1000).Select(n => Path.Combine(folder, $"{stem}.{n}.{file}")).Prepend(Path.Combine(folder, $"{stem}.{file}")).Prepend(location);
    }
}
