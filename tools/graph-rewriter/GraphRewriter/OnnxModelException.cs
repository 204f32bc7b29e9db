namespace FlashRt.GraphRewriter;

/// <summary>A model that cannot be read, written or rewritten; the message names the file, the place and what was expected.</summary>
public sealed class OnnxModelException : Exception
{
    /// <summary>Creates the error; <paramref name="path"/> is put in front of the message when it is known.</summary>
    public OnnxModelException(string? path, string message, Exception? inner = null)
        : base(path is null ? message : $"{path}: {message}", inner) { }
}
