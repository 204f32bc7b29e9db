using System.Runtime.InteropServices;

namespace FlashRt.GraphRewriter.Ir;

/// <summary>TensorProto's typed fields (float_data, int32_data, ...) brought to the raw form.</summary>
internal static class TypedFields
{
    public static byte[] Pack(TensorProto t) => (DataType)t.DataType switch
    {
        DataType.Float or DataType.Complex64 => Bytes([.. t.FloatData]),
        DataType.Double or DataType.Complex128 => Bytes([.. t.DoubleData]),
        DataType.Int64 => Bytes([.. t.Int64Data]),
        DataType.Uint64 => Bytes([.. t.Uint64Data]),
        DataType.Uint32 => Bytes(t.Uint64Data.Select(v => (uint)v).ToArray()),
        DataType.Int32 => Bytes([.. t.Int32Data]),
        var type when type.Bits() == 16 => Bytes(t.Int32Data.Select(v => unchecked((ushort)v)).ToArray()),
        _ => Bytes(t.Int32Data.Select(v => unchecked((byte)v)).ToArray()),
    };

    /// <summary>Elements stored.</summary>
    public static long Count(TensorProto t) => (DataType)t.DataType switch
    {
        DataType.Float => t.FloatData.Count,
        DataType.Complex64 => t.FloatData.Count / 2,
        DataType.Double => t.DoubleData.Count,
        DataType.Complex128 => t.DoubleData.Count / 2,
        DataType.Int64 => t.Int64Data.Count,
        DataType.Uint64 or DataType.Uint32 => t.Uint64Data.Count,
        DataType.String => t.StringData.Count,
        DataType.Int4 or DataType.Uint4 or DataType.Float4E2M1 => t.Int32Data.Count * 2L,
        _ => t.Int32Data.Count,
    };

    private static byte[] Bytes<T>(T[] values) where T : unmanaged => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
}
