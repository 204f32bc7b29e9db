namespace FlashRt.GraphRewriter.Ir.Inference;

/// <summary>Operators whose result depends on values or counts: searches, one-hot, quantisation, recurrent layers, subgraphs.</summary>
internal static class Selection
{
    public static void NonZero(InferenceContext c) => c.Set(DataType.Int64, c.Node.Outputs[0]!.Constant is { } known ? Shape.Of(known.Dims)
        : c.Shape(0) is { } s ? new Shape([Math.Max(1, s.Rank), Dim.Unknown]) : new Shape(new Dim[2]));

    public static void TopK(InferenceContext c)
    {
        var shape = c.Shape(0) is { } s && c.Axis(c.Node.Int("axis", -1), s.Rank) is var axis
            ? new Shape([.. s.Select((d, i) => i != axis ? d : c.Node.Input(1)?.Scalar is { } k ? (long)k : Dim.Unknown)]) : null;
        c.Set(c.Type(0), shape);
        c.Set(DataType.Int64, shape, output: 1);
    }

    public static void OneHot(InferenceContext c)
    {
        if (c.Shape(0) is not { } s) { c.Set(c.Type(2), null); return; }
        var axis = c.Axis(c.Node.Int("axis", -1), s.Rank + 1);
        Dim depth = c.Node.Input(1)?.Scalar is { } d ? (long)d : Dim.Unknown;
        c.Set(c.Type(2), new Shape([.. s.Take(axis), depth, .. s.Skip(axis)]));
    }

    public static void Typed(InferenceContext c) =>
        c.Set(c.Node.Attribute("dtype") is { } type ? (DataType)type.I : c.Type(0), c.Shape(0));

    public static void Random(InferenceContext c) =>
        c.Set((DataType)c.Node.Int("dtype", (long)DataType.Float), c.Node.Ints("shape") is { } dims ? Shape.Of(dims) : null);

    public static void Quantize(InferenceContext c) => c.Set(c.Type(2) != DataType.Undefined ? c.Type(2)
        : (DataType)c.Node.Int("output_dtype", (long)DataType.Uint8) is var type && type != DataType.Undefined ? type : DataType.Uint8, c.Shape(0));

    public static void Dequantize(InferenceContext c) =>
        c.Set(c.Node.Int("output_dtype", 0) is > 0 and var type ? (DataType)type : c.Type(1), c.Shape(0));

    public static void DynamicQuantize(InferenceContext c)
    {
        c.Set(DataType.Uint8, c.Shape(0));
        c.Set(DataType.Float, Shape.Of([]), output: 1);
        c.Set(DataType.Uint8, Shape.Of([]), output: 2);
    }

    /// <summary>RNN, GRU and LSTM over [sequence, batch, input].</summary>
    public static void Recurrent(InferenceContext c)
    {
        var directions = c.Node.Text("direction", "forward") == "bidirectional" ? 2 : 1;
        Dim hidden = c.Node.Int("hidden_size", 0) is > 0 and var h ? h : c.Shape(2)?[-1] ?? Dim.Unknown;
        if (c.Shape(0) is not { Rank: 3 } x) { c.Set(c.Type(0), null); return; }
        var batchFirst = c.Node.Int("layout", 0) != 0;
        c.Set(c.Type(0), batchFirst ? new Shape([x[0], x[1], directions, hidden]) : new Shape([x[0], directions, x[1], hidden]));
        for (var i = 1; i < 3; i++) c.Set(c.Type(0), batchFirst ? new Shape([x[0], directions, hidden]) : new Shape([directions, x[1], hidden]), i);
    }

    /// <summary>The branches of an If give values of one type; only what their outputs state is known here.</summary>
    public static void If(InferenceContext c)
    {
        if (c.Node.Attribute("then_branch")?.G is not { } then) return;
        for (var i = 0; i < Math.Min(then.Output.Count, c.Node.Outputs.Count); i++)
            if (then.Output[i].Type?.TensorType is { } type) c.Set((DataType)type.ElemType, null, i);
    }
}
