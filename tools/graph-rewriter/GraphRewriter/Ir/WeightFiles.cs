namespace FlashRt.GraphRewriter.Ir;

/// <summary>
/// Puts a model's external files within reach of its output. ONNX Runtime refuses paths and symbolic links that leave the model's
/// directory but takes hard links, so files are linked where the file system can, otherwise copied; never moved or overwritten.
/// </summary>
internal static class WeightFiles
{
    /// <summary>The protobuf to write: the model's own, or a copy with new locations where a file had to take another name.</summary>
    public static ModelProto Place(OnnxModel model, string output)
    {
        if (model.Path is null) return model.Proto;
        var from = Path.GetDirectoryName(Path.GetFullPath(model.Path))!;
        var to = Path.GetDirectoryName(output)!;
        if (from == to) return model.Proto;

        var renamed = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var location in Tensors(model.Proto).Select(t => ExternalData.Entry(t, "location")!).Distinct())
        {
            var placed = Bring(Path.Combine(from, location), to, location, Path.GetFileNameWithoutExtension(output));
            if (placed != location) renamed.Add(location, placed);
        }
        if (renamed.Count == 0) return model.Proto;

        var proto = model.Proto.Clone();
        foreach (var entry in Tensors(proto).SelectMany(t => t.ExternalData).Where(e => e.Key == "location"))
            if (renamed.TryGetValue(entry.Value, out var name)) entry.Value = name;
        return proto;
    }

    private static IEnumerable<TensorProto> Tensors(ModelProto proto) => proto.Graph.Initializer
        .Concat(proto.Graph.Node.SelectMany(n => n.Attribute).Where(a => a.T is not null).Select(a => a.T))
        .Where(ExternalData.IsExternal);

    private static string Bring(string source, string directory, string location, string stem)
    {
        var target = Path.Combine(directory, location);
        if (File.Exists(target))
        {
            if (SameContent(source, target)) return location;
            location = Path.Combine(Path.GetDirectoryName(location) ?? "", $"{stem}.{Path.GetFileName(location)}");
            target = Path.Combine(directory, location);
            if (File.Exists(target) && SameContent(source, target)) return location;
        }
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        var temporary = $"{target}.{Environment.ProcessId}.tmp";
        try
        {
            if (!HardLink.TryCreate(source, temporary)) File.Copy(source, temporary, overwrite: true);
            File.Move(temporary, target, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
        return location;
    }

    private static bool SameContent(string a, string b)
    {
        if (new FileInfo(a).Length != new FileInfo(b).Length) return false;
        if (HardLink.AreSame(a, b)) return true;
        using var left = File.OpenRead(a);
        using var right = File.OpenRead(b);
        byte[] x = new byte[1 << 20], y = new byte[1 << 20];
        for (int n; (n = left.ReadAtLeast(x, x.Length, throwOnEndOfStream: false)) > 0;)
        {
            right.ReadExactly(y, 0, n);
            if (!x.AsSpan(0, n).SequenceEqual(y.AsSpan(0, n))) return false;
        }
        return true;
    }
}
