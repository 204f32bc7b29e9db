using System.Runtime.InteropServices;
using Google.Protobuf;

namespace FlashRt.GraphRewriter.Ir;

public sealed partial class ConstantTensor
{
    /// <summary>Rounds float data to <paramref name="type"/> (any float type, integer or Bool) once.</summary>
    public static ConstantTensor From(DataType type, IReadOnlyList<long> dims, ReadOnlySpan<double> values)
    {
        byte[] data = type switch
        {
            DataType.Double => MemoryMarshal.AsBytes(values).ToArray(),
            DataType.Float => Round(values, v => (float)v),
            DataType.Float16 => Round(values, v => (Half)v),
            DataType.Bfloat16 => Round(values, v => BFloat16.FromSingle((float)v)),
            DataType.Int64 => Round(values, v => (long)v),
            DataType.Int32 => Round(values, v => (int)v),
            DataType.Uint64 => Round(values, v => (ulong)v),
            DataType.Uint32 => Round(values, v => (uint)v),
            DataType.Int16 => Round(values, v => (short)v),
            DataType.Uint16 => Round(values, v => (ushort)v),
            DataType.Int8 => Round(values, v => (sbyte)v),
            DataType.Uint8 => Round(values, v => (byte)v),
            DataType.Bool => Round(values, v => v != 0),
            _ => throw new NotSupportedException($"Constants of {type.Name()} are not made from numbers."),
        };
        return new ConstantTensor(type, dims, new ArrayBytes(data));
    }

    /// <summary>Integers as <paramref name="type"/>, any integer (cut to its width) or Bool.</summary>
    public static ConstantTensor From(DataType type, IReadOnlyList<long> dims, ReadOnlySpan<long> values) => type switch
    {
        DataType.Int64 => new ConstantTensor(type, dims, new ArrayBytes(MemoryMarshal.AsBytes(values).ToArray())),
        DataType.Int32 => new ConstantTensor(type, dims, new ArrayBytes(Round(values, v => unchecked((int)v)))),
        DataType.Uint64 => new ConstantTensor(type, dims, new ArrayBytes(MemoryMarshal.AsBytes(values).ToArray())),
        DataType.Uint32 => new ConstantTensor(type, dims, new ArrayBytes(Round(values, v => unchecked((uint)v)))),
        DataType.Int16 => new ConstantTensor(type, dims, new ArrayBytes(Round(values, v => unchecked((short)v)))),
        DataType.Uint16 => new ConstantTensor(type, dims, new ArrayBytes(Round(values, v => unchecked((ushort)v)))),
        DataType.Int8 => new ConstantTensor(type, dims, new ArrayBytes(Round(values, v => unchecked((sbyte)v)))),
        DataType.Uint8 => new ConstantTensor(type, dims, new ArrayBytes(Round(values, v => unchecked((byte)v)))),
        DataType.Bool => new ConstantTensor(type, dims, new ArrayBytes(Round(values, v => v != 0))),
        _ => throw new NotSupportedException($"Constants of {type.Name()} are not made from integers."),
    };

    /// <summary>The same data under another shape.</summary>
    public ConstantTensor Reshape(IReadOnlyList<long> dims) => new(Type, dims, bytes);

    /// <summary>Row r of each part after the other.</summary>
    internal static ConstantTensor Joined(DataType type, IReadOnlyList<long> dims, long rows, IReadOnlyList<ConstantTensor> parts) =>
        new(type, dims, new JoinedBytes(rows, [.. parts.Select(p => p.bytes)]));

    /// <summary>Little-endian bytes as they are.</summary>
    public static ConstantTensor FromRaw(DataType type, IReadOnlyList<long> dims, byte[] data) => new(type, dims, new ArrayBytes(data));

    /// <summary>The tensor as a protobuf that holds its data itself.</summary>
    public TensorProto ToProto(string name)
    {
        var proto = new TensorProto { Name = name, DataType = (int)Type, RawData = ByteString.CopyFrom(Raw) };
        proto.Dims.AddRange(Dims);
        return proto;
    }

    /// <summary>Reads a tensor that holds its data itself, such as a test data file; null for strings and types not known here.</summary>
    public static ConstantTensor? Of(TensorProto proto) => Of(proto, null);

    /// <summary>Reads a stored tensor; external data needs the model's <see cref="ExternalData"/>.</summary>
    internal static ConstantTensor? Of(TensorProto proto, ExternalData? external)
    {
        var type = (DataType)proto.DataType;
        if (type.Bits() is null) return null;
        ITensorBytes? bytes = proto switch
        {
            { DataLocation: TensorProto.Types.DataLocation.External } => external?.Bytes(proto),
            { HasRawData: true } => new ProtoBytes(proto.RawData),
            _ => new ArrayBytes(TypedFields.Pack(proto)),
        };
        return bytes is null ? null : new ConstantTensor(type, [.. proto.Dims], bytes);
    }

    private static byte[] Round<TFrom, TTo>(ReadOnlySpan<TFrom> values, Func<TFrom, TTo> convert) where TTo : unmanaged
    {
        var result = new TTo[values.Length];
        for (var i = 0; i < result.Length; i++) result[i] = convert(values[i]);
        return MemoryMarshal.AsBytes(result.AsSpan()).ToArray();
    }
}
