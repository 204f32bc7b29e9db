namespace FlashRt.GraphRewriter.Passes;

/// <summary>
/// The type that PyTorch computes a mix of types in: bool, integer and float are categories in rising order; within a category the wider
/// wins, and a tensor of rank zero does not widen one with axes. float16 with bfloat16 is float32.
/// </summary>
internal static class Promotion
{
    public static DataType Of(IReadOnlyList<Value> values)
    {
        var category = values.Max(v => Category(v.Type));
        var deciding = values.Where(v => Category(v.Type) == category).ToList();
        var withAxes = deciding.Where(v => v.Shape is not { Rank: 0 }).ToList();
        return (withAxes.Count > 0 ? withAxes : deciding).Select(v => v.Type).Aggregate(Wider);
    }

    private static DataType Wider(DataType a, DataType b)
    {
        if (a == b) return a;
        if (a.IsFloat()) return a == DataType.Double || b == DataType.Double ? DataType.Double : DataType.Float;
        var (wide, narrow) = a.Bits() >= b.Bits() ? (a, b) : (b, a);
        if (IsSigned(wide) || IsSigned(wide) == IsSigned(narrow)) return wide.Bits() == narrow.Bits() && wide != narrow ? Next(wide) : wide;
        return Next(wide);
    }

    private static DataType Next(DataType type) => type.Bits() switch { 8 => DataType.Int16, 16 => DataType.Int32, _ => DataType.Int64 };

    private static bool IsSigned(DataType type) => type is DataType.Int8 or DataType.Int16 or DataType.Int32 or DataType.Int64;

    private static int Category(DataType type) => type.IsFloat() ? 2 : type.IsInteger() ? 1 : 0;
}
