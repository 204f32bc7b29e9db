namespace FlashRt.GraphRewriter.Ir.Inference;

/// <summary>Sizes on their way from a Shape to a Reshape, numbers and symbols alike.</summary>
internal static class ShapeArithmetic
{
    public static void Shape(InferenceContext c)
    {
        if (c.Shape(0) is not { } shape)
        {
            c.Set(DataType.Int64, new Shape([Dim.Unknown]));
            return;
        }
        var start = Math.Clamp(c.Axis(c.Node.Int("start", 0), shape.Rank), 0, shape.Rank);
        var end = Math.Clamp(c.Axis(c.Node.Int("end", shape.Rank), shape.Rank), start, shape.Rank);
        c.Set(DataType.Int64, Ir.Shape.Of(end - start));
        c.SetSizes(shape.Skip(start).Take(end - start));
    }

    public static void Constant(InferenceContext c)
    {
        if (c.Node.Outputs[0]!.Constant is { } constant) c.Set(constant.Type, Ir.Shape.Of(constant.Dims));
        else if (c.Node.OpType == "ConstantOfShape")
            c.Set((DataType)(c.Node.Attribute("value")?.T?.DataType ?? (int)DataType.Float), c.Sizes(0) is { } sizes ? new Shape([.. sizes]) : null);
        else if (c.Node.Attribute("value")?.T is { } tensor) c.Set((DataType)tensor.DataType, Ir.Shape.Of(tensor.Dims));
    }

    /// <summary>Only what stays exact with symbols: numbers with numbers, and a symbol times, over or plus its neutral element.</summary>
    public static IEnumerable<Dim>? Elementwise(InferenceContext c)
    {
        if (c.Node.OpType is not ("Add" or "Sub" or "Mul" or "Div") || c.Node.Inputs.Count != 2) return null;
        if (c.Sizes(0) is not { } a || c.Sizes(1) is not { } b) return null;
        if (a.Count != b.Count && a.Count != 1 && b.Count != 1) return null;
        return Enumerable.Range(0, Math.Max(a.Count, b.Count))
            .Select(i => Combine(c.Node.OpType, a[a.Count == 1 ? 0 : i], b[b.Count == 1 ? 0 : i]));
    }

    private static Dim Combine(string op, Dim x, Dim y) => (op, x.Value, y.Value) switch
    {
        ("Add", { } a, { } b) => a + b,
        ("Sub", { } a, { } b) => a - b,
        ("Mul", { } a, { } b) => a * b,
        ("Div", { } a, { } b) when b != 0 => a / b,
        ("Add" or "Sub", _, 0) or ("Mul" or "Div", _, 1) => x,
        ("Add", 0, _) or ("Mul", 1, _) => y,
        _ => Dim.Unknown,
    };
}
