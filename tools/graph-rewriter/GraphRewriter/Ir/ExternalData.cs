using System.Collections.Concurrent;
using System.Globalization;

namespace FlashRt.GraphRewriter.Ir;

/// <summary>
/// The weight files beside a model. Locations follow ONNX Runtime's rule: relative, and inside the model's directory, so that a model
/// from elsewhere cannot make the tool read other files.
/// </summary>
internal sealed class ExternalData(string modelPath)
{
    private readonly ConcurrentDictionary<string, MappedFile> files = new();

    private string Directory { get; } = Path.GetDirectoryName(Path.GetFullPath(modelPath))!;

    public static bool IsExternal(TensorProto tensor) => tensor.DataLocation == TensorProto.Types.DataLocation.External;

    public static string? Entry(TensorProto tensor, string key) => tensor.ExternalData.FirstOrDefault(e => e.Key == key)?.Value;

    /// <summary>The tensor's place in its file; null when it is longer than a span can be (2 GiB).</summary>
    public ITensorBytes? Bytes(TensorProto tensor)
    {
        if (JoinedTensor.Of(tensor) is { } joined)
        {
            if (joined.Parts.Sum(p => Locate(p).Length) > int.MaxValue) return null;
            return new JoinedBytes(joined.Rows, [.. joined.Parts.Select(p => Bytes(p)!)]);
        }
        var (path, offset, length) = Locate(tensor);
        if (length > int.MaxValue) return null;
        return length == 0 ? new ArrayBytes([]) : new MappedBytes(files.GetOrAdd(path, p => new MappedFile(p)), offset, (int)length);
    }

    /// <summary>Resolves and checks path, offset and length.</summary>
    public (string Path, long Offset, long Length) Locate(TensorProto tensor)
    {
        var location = Entry(tensor, "location");
        if (string.IsNullOrEmpty(location)) throw Error(tensor, "names no external file (no 'location' entry)");
        if (Path.IsPathRooted(location) || location.Contains(':'))
            throw Error(tensor, $"has the absolute external path '{location}'; external data must lie in the model's directory");
        var path = Path.GetFullPath(Path.Combine(Directory, location));
        if (!Inside(path)) throw Error(tensor, $"has the external path '{location}', which leaves the model's directory");
        var info = new FileInfo(path);
        if (!info.Exists) throw Error(tensor, $"needs the external file '{location}', which is not there");
        if (info.ResolveLinkTarget(returnFinalTarget: true) is { } target && !Inside(target.FullName))
            throw Error(tensor, $"needs '{location}', a symbolic link that leaves the model's directory");

        var offset = Number(tensor, "offset") ?? 0;
        var length = Number(tensor, "length") ?? info.Length - offset;
        if (offset < 0 || length < 0 || offset > info.Length || length > info.Length - offset)
            throw Error(tensor, $"needs bytes {offset}..{offset + length} of '{location}', which has {info.Length}");
        return (path, offset, length);
    }

    private bool Inside(string path) => path.StartsWith(Directory.TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private long? Number(TensorProto tensor, string key)
    {
        if (Entry(tensor, key) is not { Length: > 0 } text) return null;
        return long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var value)
            ? value : throw Error(tensor, $"has '{text}' as its external {key}; expected a number");
    }

    private OnnxModelException Error(TensorProto tensor, string what) => new(modelPath, $"tensor '{tensor.Name}' {what}");
}
