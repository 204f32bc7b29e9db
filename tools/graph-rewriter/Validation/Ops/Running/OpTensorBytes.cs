using System.Runtime.InteropServices;

namespace FlashRt.Validation.Ops;

/// <summary>Op tensors to and from the bytes that ONNX Runtime holds.</summary>
public static class OpTensorBytes
{
    /// <summary>The bytes of a graph input; FP8 operands enter as float32.</summary>
    public static byte[] Encode(OpTensor tensor) => Encode(OpModel.Outside(tensor.Type), tensor.Values);

    /// <summary>A tensor from the bytes of a graph output.</summary>
    public static OpTensor Decode(ElementType type, long[] shape, ReadOnlySpan<byte> bytes) => new(type, shape, Decode(type, bytes));

    internal static HostTensor ToHost(OpTensor tensor) => new((DataType)OpModel.Outside(tensor.Type), tensor.Shape, Encode(tensor));

    internal static OpTensor FromHost(HostTensor tensor) => Decode((ElementType)tensor.Type, [.. tensor.Dims], tensor.Bytes);

    private static byte[] Encode(ElementType type, double[] values) => type switch
    {
        ElementType.Float32 => Pack(values, v => (float)v),
        ElementType.Float16 => Pack(values, v => (Half)v),
        // A value of the type is exact in float32, whose upper half it is.
        ElementType.BFloat16 => Pack(values, v => (ushort)(BitConverter.SingleToUInt32Bits((float)v) >> 16)),
        ElementType.Float64 => Pack(values, v => v),
        ElementType.Uint8 => Pack(values, v => (byte)v),
        ElementType.Int8 => Pack(values, v => (sbyte)v),
        ElementType.Int32 => Pack(values, v => (int)v),
        ElementType.Int64 => Pack(values, v => (long)v),
        ElementType.Bool => Pack(values, v => (byte)(v != 0 ? 1 : 0)),
        _ => throw new ArgumentException($"{type} is no type of a graph input.", nameof(type)),
    };

    private static double[] Decode(ElementType type, ReadOnlySpan<byte> bytes) => type switch
    {
        ElementType.Float32 => Unpack<float>(bytes, v => v),
        ElementType.Float16 => Unpack<Half>(bytes, v => (double)v),
        ElementType.BFloat16 => Unpack<ushort>(bytes, v => BitConverter.UInt32BitsToSingle((uint)v << 16)),
        ElementType.Uint8 or ElementType.Bool => Unpack<byte>(bytes, v => v),
        ElementType.Int8 => Unpack<sbyte>(bytes, v => v),
        ElementType.Int32 => Unpack<int>(bytes, v => v),
        ElementType.Int64 => Unpack<long>(bytes, v => v),
        _ => throw new ArgumentException($"{type} is no type of a graph output.", nameof(type)),
    };

    private static byte[] Pack<T>(double[] values, Func<double, T> convert) where T : unmanaged =>
        MemoryMarshal.AsBytes<T>(Array.ConvertAll(values, v => convert(v))).ToArray();

    private static double[] Unpack<T>(ReadOnlySpan<byte> bytes, Func<T, double> convert) where T : unmanaged
    {
        var typed = MemoryMarshal.Cast<byte, T>(bytes);
        var values = new double[typed.Length];
        for (var i = 0; i < values.Length; i++)
            values[i] = convert(typed[i]);
        return values;
    }
}
