namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>
/// PyTorch's attention exports as <c>Where(IsNaN(p), 0, p)</c> with p a softmax, for rows that a mask hides entirely. The guard goes where
/// no row is: the scores are a finite product, scaled, plus at most masks that leave an entry in every row. Where the mask comes from
/// outside it stays, since the caller may hide a row.
/// </summary>
public sealed class DropNanGuards : IPass
{
    private const int Deepest = 16;

    // A constant that takes no score to float16's infinity.
    private const double Moderate = 1e4;

    /// <inheritdoc/>
    public string Name => "Drop NaN guards";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var edit = new GraphEdit(context);
        var dropped = 0;
        foreach (var node in edit.Graph.Nodes)
        {
            if (Guarded(node) is not { Producer: { } softmax } guarded || !RowsHaveAnEntry(softmax)) continue;
            if (!guarded.Shape!.SameAs(node.Outputs[0]!.Shape) || !edit.Forward(node.Outputs[0]!, guarded)) continue;
            edit.Replace(node);
            dropped++;
        }
        return edit.Apply(dropped);
    }

    /// <summary>The softmax that a <c>Where(IsNaN(p), 0, p)</c> guards, also through casts that keep NaN; null for other nodes.</summary>
    internal static Value? Guarded(Node node)
    {
        if (node is not { OpType: "Where", Domain: "" } || node.Input(0)?.Producer is not { OpType: "IsNaN", Domain: "" } test) return null;
        if (node.Input(2) is not { Shape: not null } p || test.Input(0) != p || node.Input(1)?.Constant?.IsAll(0) != true) return null;
        var source = p;
        while (source.Producer is { OpType: "Cast", Domain: "" } cast && cast.Input(0) is { } inner) source = inner;
        return source.Producer is { OpType: "Softmax", Domain: "" } ? p : null;
    }

    private static bool RowsHaveAnEntry(Node last)
    {
        while (last is { OpType: "Cast" } && last.Input(0)?.Producer is { } before) last = before;
        return last is { OpType: "Softmax" } && last.Input(0) is { Shape: { } shape } scores
            && last.Int("axis", last.Outputs[0]!.Graph.Opset >= 13 ? -1 : 1) is var axis && (axis == -1 || axis == shape.Rank - 1)
            && HasEntry(scores, 0);
    }

    // Some entry of every row is a number of moderate size, and none is NaN or +inf.
    private static bool HasEntry(Value value, int depth)
    {
        if (value.Constant is { } constant) return EveryRow(constant);
        if (IsFinite(value, depth)) return true;
        if (value.Producer is not { Domain: "" } node || depth > Deepest) return false;
        bool Fits(int a, int b) => node.Input(a) is { } x && node.Input(b) is { } y && IsFinite(x, depth + 1) && KeepsRows(y, value) && HasEntry(y, depth + 1);
        return node.OpType switch
        {
            "Add" => Fits(0, 1) || Fits(1, 0),
            "Cast" => HasEntry(node.Input(0)!, depth + 1),
            "Where" => node.Input(0)?.Constant is { Type: DataType.Bool } condition && KeepsRows(node.Input(0)!, value)
                && ((Always(node.Input(1), depth) && EveryRowHas(condition, 1)) || (Always(node.Input(2), depth) && EveryRowHas(condition, 0))),
            _ => false,
        };
    }

    // What a matrix product of finite numbers gives, scaled, shifted by finite constants, capped.
    private static bool IsFinite(Value value, int depth)
    {
        if (value.Constant is { } constant) return constant.Type.IsFloat() && constant.ReadAsDouble().All(v => Math.Abs(v) < Moderate);
        if (value.Producer is not { } node || depth > Deepest) return false;
        bool Of(int input) => node.Input(input) is { } v && IsFinite(v, depth + 1);
        return node.OpType switch
        {
            "MatMul" or "FusedMatMul" or "Gemm" or "Einsum" => true,
            "Mul" or "Add" or "Sub" => Of(0) && Of(1),
            "Div" => Of(0) && Of(1) && node.Input(1)!.Scalar is { } by && by != 0,
            "Cast" or "Tanh" or "Identity" or "Reshape" or "Transpose" or "Squeeze" or "Unsqueeze" or "Slice" or "Expand" or "Neg" => Of(0),
            "Softmax" or "Sigmoid" => true,
            _ => false,
        };
    }

    private static bool Always(Value? value, int depth) => value is not null && IsFinite(value, depth + 1);

    // The last axis is whole, not repeated from one entry.
    private static bool KeepsRows(Value mask, Value scores) => mask.Shape is { Rank: > 0 } shape && shape[-1].SameAs(scores.Shape?[-1] ?? Dim.Unknown);

    private static bool EveryRow(ConstantTensor mask)
    {
        if (!mask.Type.IsFloat() || mask.Dims.Count == 0 || mask.Dims[^1] == 0) return false;
        var values = mask.ReadAsDouble();
        return !values.Any(v => double.IsNaN(v) || double.IsPositiveInfinity(v)) && values.Chunk((int)mask.Dims[^1]).All(row => row.Any(v => Math.Abs(v) < Moderate));
    }

    private static bool EveryRowHas(ConstantTensor condition, byte value) =>
        condition.Dims.Count > 0 && condition.Dims[^1] > 0 && condition.Raw.ToArray().Chunk((int)condition.Dims[^1]).All(row => row.Contains(value));
}
