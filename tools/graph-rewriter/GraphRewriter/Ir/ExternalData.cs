using System.Collections.Concurrent;
using System.Globalization;

namespace FlashRt.GraphRewriter.Ir;

/// <summary>
/// The weight files beside a model. Locations follow ONNX Runtime's rule: relative, and inside the model's directory with every symbolic
/// link followed, so that a model from elsewhere cannot make the tool read other files.
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

    /// <summary>Resolves and checks path, offset and length; without a length it is what the tensor's shape needs.</summary>
    public (string Path, long Offset, long Length) Locate(TensorProto tensor)
    {
        var location = Entry(tensor, "location");
        var path = Resolve(tensor, location);
        var size = new FileInfo(path).Length;
        var offset = Number(tensor, "offset") ?? 0;
        var length = Number(tensor, "length") ?? tensor.DataBytes() ?? Math.Max(size - offset, 0);
        if (offset > size || length > size - offset)
            throw Error(tensor, $"needs {length} bytes from {offset} of '{location}', which has {size}");
        return (path, offset, length);
    }

    /// <summary>The tensor's file by its own name and by where that leads: who replaces either takes the weights away.</summary>
    public IEnumerable<string> Paths(TensorProto tensor) => [Locate(tensor).Path, RealPath.OfName(Path.Combine(Directory, Entry(tensor, "location")!))];

    private string Resolve(TensorProto tensor, string? location)
    {
        if (string.IsNullOrEmpty(location)) throw Error(tensor, "names no external file (no 'location' entry)");
        if (location.Contains('\0')) throw Error(tensor, "names an external file with a zero byte in its name");
        if (Path.IsPathRooted(location) || location.Contains(':'))
            throw Error(tensor, $"has the absolute external path '{location}'; external data must lie in the model's directory");
        var path = Path.Combine(Directory, location);
        if (!Inside(Directory, Path.GetFullPath(path))) throw Error(tensor, $"has the external path '{location}', which leaves the model's directory");
        try
        {
            var real = RealPath.Of(path);
            if (!Inside(RealPath.Of(Directory), real)) throw Error(tensor, $"needs '{location}', behind a symbolic link that leaves the model's directory");
            if (System.IO.Directory.Exists(real)) throw Error(tensor, $"needs the external file '{location}', which is a folder");
            if (File.Exists(real)) return real;
        }
        catch (IOException e)
        {
            throw Error(tensor, $"needs the external file '{location}', which cannot be found: {e.Message.TrimEnd('.')}");
        }
        throw Error(tensor, $"needs the external file '{location}', which is not there");
    }

    private static bool Inside(string directory, string path) =>
        path.StartsWith(directory.TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private long? Number(TensorProto tensor, string key)
    {
        if (Entry(tensor, key) is not { Length: > 0 } text) return null;
        if (!long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var value))
            throw Error(tensor, $"has '{text}' as its external {key}; expected a number");
        return value >= 0 ? value : throw Error(tensor, $"has the external {key} {value}; expected 0 or more");
    }

    private OnnxModelException Error(TensorProto tensor, string what) => new(modelPath, $"tensor '{tensor.Name}' {what}");
}
