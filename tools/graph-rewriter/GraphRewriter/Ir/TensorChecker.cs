namespace FlashRt.GraphRewriter.Ir;

/// <summary>Checks that a stored tensor's type, dims and data agree.</summary>
internal static class TensorChecker
{
    // More elements than any file can hold: sizes stay far from overflow afterwards.
    private const long MostElements = 1L << 48;

    public static void Check(OnnxModel model, TensorProto tensor, string place)
    {
        var type = (DataType)tensor.DataType;
        if (type == DataType.Undefined) throw Error("has no element type");
        var count = 1L;
        foreach (var dim in tensor.Dims)
        {
            if (dim < 0) throw Error($"has the dimension {dim}; expected 0 or more");
            if (dim > 0 && count > MostElements / dim) throw Error($"is impossibly large: [{string.Join(',', tensor.Dims)}]");
            count *= dim;
        }

        if (ExternalData.IsExternal(tensor))
        {
            if (JoinedTensor.Is(tensor)) throw Error("is joined of others, as only a model under rewriting has them");
            if (model.External is null) throw Error("has external data, but the model has no path");
            var (_, _, length) = model.External.Locate(tensor);
            if (tensor.DataBytes() is { } needed && length != needed) throw Error($"has {length} bytes of external data; its shape needs {needed}");
        }
        else if (tensor.HasRawData)
        {
            if (tensor.DataBytes() is { } needed && tensor.RawData.Length != needed)
                throw Error($"has {tensor.RawData.Length} bytes of data; {type.Name()}[{string.Join(',', tensor.Dims)}] needs {needed}");
        }
        else if (type.Bits() is not null || type == DataType.String)
        {
            var (stored, expected) = (TypedFields.Count(tensor), type.Bits() == 4 ? count + (count & 1) : count);
            if (stored != expected) throw Error($"has {stored} elements; its shape [{string.Join(',', tensor.Dims)}] needs {expected}");
        }

        OnnxModelException Error(string what) => new(model.Path, $"{place} {what}");
    }
}
