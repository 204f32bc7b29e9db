namespace FlashRt.GraphRewriter.Ir;

/// <summary>What the rewriter knows about element types.</summary>
public static class DataTypes
{
    /// <summary>Bits of one element; null for strings and types this version does not know.</summary>
    public static int? Bits(this DataType type) => type switch
    {
        DataType.Int4 or DataType.Uint4 or DataType.Float4E2M1 => 4,
        DataType.Uint8 or DataType.Int8 or DataType.Bool or DataType.Float8E4M3Fn or DataType.Float8E4M3Fnuz
            or DataType.Float8E5M2 or DataType.Float8E5M2Fnuz or DataType.Float8E8M0 => 8,
        DataType.Uint16 or DataType.Int16 or DataType.Float16 or DataType.Bfloat16 => 16,
        DataType.Float or DataType.Int32 or DataType.Uint32 => 32,
        DataType.Double or DataType.Int64 or DataType.Uint64 or DataType.Complex64 => 64,
        DataType.Complex128 => 128,
        _ => null,
    };

    /// <summary>Bytes that the data of a tensor takes by its type and shape; null where those of one element are not known.</summary>
    internal static long? DataBytes(this TensorProto tensor) =>
        ((DataType)tensor.DataType).Bits() is { } bits ? (tensor.Dims.Aggregate(1L, (n, d) => n * d) * bits + 7) / 8 : null;

    /// <summary>The types that norms, activations and rotary embeddings of com.flashrt take.</summary>
    public static bool IsFlashRtFloat(this DataType type) => type is DataType.Float or DataType.Float16 or DataType.Bfloat16;

    /// <summary>True for the floating point types that arithmetic is done in.</summary>
    public static bool IsFloat(this DataType type) => type.IsFlashRtFloat() || type == DataType.Double;

    /// <summary>True for integers.</summary>
    public static bool IsInteger(this DataType type) => type is DataType.Int8 or DataType.Uint8 or DataType.Int16 or DataType.Uint16
        or DataType.Int32 or DataType.Uint32 or DataType.Int64 or DataType.Uint64;

    /// <summary>The name that messages and attributes use: float32, float16, int64, ...</summary>
    public static string Name(this DataType type) => type switch
    {
        DataType.Undefined => "an unknown type",
        DataType.Float => "float32",
        DataType.Double => "float64",
        _ => type.ToString().ToLowerInvariant(),
    };
}
