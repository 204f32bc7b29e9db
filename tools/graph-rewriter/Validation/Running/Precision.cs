namespace FlashRt.Validation;

/// <summary>The narrowest float type that a model computes in, which sets how exact its outputs can be.</summary>
internal static class Precision
{
    private static readonly DataType[] Widest = [DataType.Double, DataType.Float, DataType.Float16, DataType.Bfloat16];

    public static DataType Of(OnnxModel model) =>
        model.Graph.Values.Select(v => v.Type).Where(t => t.IsFloat() || IsQuantised(t)).DefaultIfEmpty(DataType.Float).MaxBy(Rank);

    public static DataType Narrower(DataType a, DataType b) => Rank(a) >= Rank(b) ? a : b;

    private static int Rank(DataType type) => Array.IndexOf(Widest, type) is >= 0 and var rank ? rank : Widest.Length;

    private static bool IsQuantised(DataType type) => type is DataType.Float8E4M3Fn or DataType.Float8E4M3Fnuz or DataType.Float8E5M2
        or DataType.Float8E5M2Fnuz or DataType.Float4E2M1;
}
