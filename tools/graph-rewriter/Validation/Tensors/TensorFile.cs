using System.Runtime.InteropServices;
using Google.Protobuf;

namespace FlashRt.Validation;

/// <summary>Reads and writes one tensor as a TensorProto, the content of a test data file.</summary>
internal static class TensorFile
{
    public static (string Name, HostTensor Value) Read(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            var proto = TensorProto.Parser.ParseFrom(stream);
            return (proto.Name, Of(proto));
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or ValidationException or IOException or UnauthorizedAccessException)
        {
            throw new ValidationException($"{path}: is not a readable tensor file ({e.Message.TrimEnd('.')}); expected an ONNX TensorProto.", e);
        }
    }

    public static void Write(string path, string name, HostTensor tensor)
    {
        using var stream = File.Create(path);
        ToProto(name, tensor).WriteTo(stream);
    }

    public static TensorProto ToProto(string name, HostTensor tensor)
    {
        var proto = new TensorProto { Name = name, DataType = (int)tensor.Type, RawData = ByteString.CopyFrom(tensor.Bytes) };
        proto.Dims.AddRange(tensor.Dims);
        return proto;
    }

    private static HostTensor Of(TensorProto proto)
    {
        if (proto.DataLocation == TensorProto.Types.DataLocation.External)
            throw new ValidationException("its data is in another file");
        return new HostTensor((DataType)proto.DataType, proto.Dims, proto.HasRawData ? proto.RawData.ToByteArray() : Packed(proto));
    }

    // The typed fields of TensorProto, as exporters older than raw_data fill them.
    private static byte[] Packed(TensorProto t) => (DataType)t.DataType switch
    {
        DataType.Float => Bytes<float>([.. t.FloatData]),
        DataType.Double => Bytes<double>([.. t.DoubleData]),
        DataType.Int64 => Bytes<long>([.. t.Int64Data]),
        DataType.Uint64 => Bytes<ulong>([.. t.Uint64Data]),
        DataType.Uint32 => Bytes<uint>([.. t.Uint64Data.Select(v => (uint)v)]),
        DataType.Int32 => Bytes<int>([.. t.Int32Data]),
        DataType.Int16 or DataType.Uint16 or DataType.Float16 or DataType.Bfloat16 => Bytes<ushort>([.. t.Int32Data.Select(v => unchecked((ushort)v))]),
        _ => [.. t.Int32Data.Select(v => unchecked((byte)v))],
    };

    private static byte[] Bytes<T>(T[] values) where T : unmanaged => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
}
