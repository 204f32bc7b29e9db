using Google.Protobuf;

namespace FlashRt.GraphRewriter.Ir;

/// <summary>Reads a file into a checked model.</summary>
internal static class ModelReader
{
    public static OnnxModel Load(string path, bool mixedTypes)
    {
        var file = new FileInfo(path);
        if (!file.Exists) throw new OnnxModelException(path, Directory.Exists(path) ? "is a directory; expected a .onnx file" : "no such file");
        if (FileIdentity.IsSpecial(path)) throw new OnnxModelException(path, "is a device or a pipe; expected a .onnx file");
        if (file.Length == 0) throw new OnnxModelException(path, "is empty; expected an ONNX model");
        if (file.Length > int.MaxValue)
            throw new OnnxModelException(path, "is larger than 2 GiB, which protobuf cannot hold; save the model with external data");
        var model = new OnnxModel(Parse(path), path);
        ModelChecker.Check(model, mixedTypes);
        return model;
    }

    private static ModelProto Parse(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            return ModelProto.Parser.ParseFrom(stream);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new OnnxModelException(path, $"is not an ONNX model or is cut off ({e.Message.TrimEnd('.')})", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OnnxModelException(path, $"cannot be read ({e.Message.TrimEnd('.')})", e);
        }
    }
}
