namespace FlashRt.Validation.Ops;

/// <summary>Element types that the ops read or write. The values are those of ONNX.</summary>
public enum ElementType
{
    /// <summary>IEEE single precision.</summary>
    Float32 = 1,
    /// <summary>Unsigned bytes; packed NVFP4 too.</summary>
    Uint8 = 2,
    /// <summary>Signed bytes.</summary>
    Int8 = 3,
    /// <summary>32-bit integers.</summary>
    Int32 = 6,
    /// <summary>64-bit integers.</summary>
    Int64 = 7,
    /// <summary>Truth values, 0 and 1.</summary>
    Bool = 9,
    /// <summary>IEEE half precision.</summary>
    Float16 = 10,
    /// <summary>Double precision, which no op takes.</summary>
    Float64 = 11,
    /// <summary>The upper half of single precision.</summary>
    BFloat16 = 16,
    /// <summary>FP8 E4M3 without infinities.</summary>
    Float8E4M3 = 17,
}

/// <summary>What is known about an <see cref="ElementType"/>.</summary>
public static class ElementTypes
{
    private static readonly Dictionary<string, ElementType> ByName = new()
    {
        ["float32"] = ElementType.Float32,
        ["float16"] = ElementType.Float16,
        ["bfloat16"] = ElementType.BFloat16,
        ["float8e4m3fn"] = ElementType.Float8E4M3,
        ["uint8"] = ElementType.Uint8,
        ["int8"] = ElementType.Int8,
        ["int32"] = ElementType.Int32,
        ["int64"] = ElementType.Int64,
        ["bool"] = ElementType.Bool,
        ["float64"] = ElementType.Float64,
    };

    /// <summary>The type that the op catalog calls by this name.</summary>
    public static ElementType Parse(string name) =>
        ByName.TryGetValue(name, out var type) ? type : throw new ArgumentException($"'{name}' is no element type of the op catalog.", nameof(name));

    /// <summary>The name that the op catalog uses.</summary>
    public static string Name(this ElementType type) => ByName.First(pair => pair.Value == type).Key;

    /// <summary>Whether it is float32, float16 or bfloat16.</summary>
    public static bool IsFloat(this ElementType type) => type is ElementType.Float32 or ElementType.Float16 or ElementType.BFloat16;
}
