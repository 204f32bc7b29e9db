using Microsoft.ML.OnnxRuntime;

namespace FlashRt.Onnx.Runtime;

/// <summary>A model in a file or in memory.</summary>
internal sealed record ModelSource(string Name, string? Path, byte[]? Bytes)
{
    internal static ModelSource File(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (System.IO.Directory.Exists(path)) throw new FlashRtException($"'{path}' is a folder; expected a model file.");
        if (!System.IO.File.Exists(path)) throw new FlashRtException($"The model file '{path}' does not exist (looked at "
            + $"'{System.IO.Path.GetFullPath(path)}').");
        return new(path, path, null);
    }

    internal static ModelSource Memory(byte[] bytes)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        return new($"a model of {bytes.Length} bytes in memory", null, bytes);
    }

    internal InferenceSession Open(SessionOptions options)
    {
        if (UnknownAttribute() is { } unknown) throw new FlashRtException($"{Name}: {unknown}");
        return Path is not null ? new(Path, options) : new(Bytes, options);
    }

    private string? UnknownAttribute()
    {
        try
        {
            using Stream stream = Path is not null ? System.IO.File.OpenRead(Path) : new MemoryStream(Bytes!, writable: false);
            return UnknownAttributes.Find(stream);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;  // ONNX Runtime says what is wrong with the file
        }
    }
}
