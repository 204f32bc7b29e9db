using FlashRt.GraphRewriter.Passes;

namespace FlashRt.GraphRewriter.Rules.Heads;

/// <summary>
/// A causal or windowed mask as the few nodes that compute it: what the body of a fused node holds in place of a large constant, of
/// which every layer would otherwise have its own copy.
/// </summary>
internal static class ComputedMask
{
    // Smaller constants are copied: a restore then gives the very graph back.
    private const int MostCopiedBytes = 1 << 16;

    /// <summary>The nodes for each mask that attributes stand for, where it is large and they can say it.</summary>
    public static IReadOnlyDictionary<Value, FunctionBody> Of(Masking masking, long queries, long keys)
    {
        if (masking.Proved is not [{ View: { Value: { Constant: { } constant } value } } mask] || constant.Raw.Length <= MostCopiedBytes) return new Dictionary<Value, FunctionBody>();
        if (constant.Dims.Count < 2 || constant.Dims[^1] != keys || constant.Dims[^2] != queries || constant.Count != queries * keys) return new Dictionary<Value, FunctionBody>();

        var body = new FunctionBody(value);
        string Number(string role, DataType type, double number) => body.Constant(role, ConstantTensor.From(type, [], [number]));
        string Range(long from, long to) => body.Node("Range", [Number("from", DataType.Int64, from), Number("to", DataType.Int64, to), Number("step", DataType.Int64, 1)]);
        string Ints(string role, params long[] values) => body.Constant(role, ConstantTensor.From(DataType.Int64, [values.Length], values));

        var row = body.Node("Unsqueeze", [Range(keys - queries, keys), Ints("axis", 1)]);
        var column = Range(0, keys);
        string? visible = masking.Causal ? body.Node("LessOrEqual", [column, row]) : null;
        if (masking.Window >= 0)
        {
            var near = body.Node("GreaterOrEqual", [column, body.Node("Sub", [row, Number("window", DataType.Int64, masking.Window)])]);
            visible = visible is null ? near : body.Node("And", [visible, near]);
        }
        visible ??= body.Node("GreaterOrEqual", [column, body.Node("Mul", [row, Number("none", DataType.Int64, 0)])]);
        var result = mask.Fill is null ? body.Node("Where", [visible, Number("shown", constant.Type, 0), Number("hidden", constant.Type, double.NegativeInfinity)])
            : mask.HidesWhere ? body.Node("Not", [visible]) : visible;
        body.Node("Reshape", [result, Ints("shape", [.. constant.Dims])]);
        return new Dictionary<Value, FunctionBody> { [value] = body };
    }
}
