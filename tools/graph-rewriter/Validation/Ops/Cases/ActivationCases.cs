namespace FlashRt.Validation.Ops;

/// <summary>Cases of activations, gated activations, bias and residual adds, and the softmax.</summary>
internal static class ActivationCases
{
    // Where the formulas are delicate: signed zeros, the kinks, far tails, overflow of x^3, infinities, NaN.
    private static readonly double[] Delicate =
        [0, -0.0, 1, -1, 3, -3, 0.044715, -0.75, 5.5, -5.5, 9, -9, 14, -14, 88, -88, 100, -100, 40000, -40000, double.PositiveInfinity, double.NegativeInfinity, double.NaN];

    public static CaseTable Gelu() => Flat("Gelu")
        .Call("erf form, the default", "X")
        .Call("tanh form", "X", null, ("approximate", "tanh"))
        .Call("sigmoid form", "X", null, ("approximate", "quick"))
        .Call("erf form with bias", "X bias", null, ("approximate", "none"))
        .Call("tanh form with bias", "X bias", null, ("approximate", "tanh"));

    public static CaseTable Silu() => Flat("Silu").Call("plain", "X").Call("with bias", "X bias");

    public static CaseTable Relu() => Flat("Relu").Call("plain", "X").Call("with bias", "X bias");

    public static CaseTable BiasAdd()
    {
        var table = new CaseTable("BiasAdd").Call("bias", "X bias").Call("bias and positions", "X bias position");
        foreach (var (why, shape) in RowShapes.All)
            table.With(why, d => Biased(d, shape, shape.Length > 1 ? shape[^2] : 1));
        return table
            .With("positions repeat over two views", d => Biased(d, [2, 9, 33], 9))
            .With("positions for one view, rows flattened", d => Biased(d, [12, 40], 4))
            .Special("no rows", d => Biased(d, [0, 16], 3))
            .Special("NaN, infinities, overflow", d => new Dictionary<string, OpTensor> { ["X"] = d.Cycle([2, 25], Delicate), ["bias"] = d.Normal([25]), ["position"] = d.Normal([2, 25]) });

        static Dictionary<string, OpTensor> Biased(Data d, long[] shape, long positions) => new Dictionary<string, OpTensor>
        {
            ["X"] = d.Normal(shape),
            ["bias"] = d.Normal([shape[^1]]),
            ["position"] = d.Normal([positions, shape[^1]]),
        };
    }

    public static CaseTable ResidualAdd()
    {
        var table = new CaseTable("ResidualAdd")
            .Call("plain", "residual x")
            .Call("gate", "residual x gate")
            .Call("bias", "residual x bias")
            .Call("gate and bias", "residual x gate bias");
        foreach (var (why, shape) in RowShapes.All)
            table.With(why, d => Residual(d, shape, shape));
        return table
            .With("one gate for all rows", d => Residual(d, [4, 5, 33], [33]))
            .With("one gate for each batch, [B, 1, C]", d => Residual(d, [3, 5, 40], [3, 1, 40]))
            .With("one gate for each batch, [B, C]", d => Residual(d, [3, 5, 40], [3, 40]))
            .With("one number for all", d => Residual(d, [3, 5, 40], [1]), d => !d.Signature.Inputs.Contains("bias"))
            .Special("no rows", d => Residual(d, [0, 16], [16]))
            .Special("NaN, infinities, overflow", d => new Dictionary<string, OpTensor>
            {
                ["residual"] = d.Cycle([3, 23], Delicate), ["x"] = d.Normal([3, 23]), ["gate"] = d.Normal([3, 23]), ["bias"] = d.Normal([23]),
            });

        static Dictionary<string, OpTensor> Residual(Data d, long[] shape, long[] gate) => new Dictionary<string, OpTensor>
        {
            ["residual"] = d.Normal(shape, 3), ["x"] = d.Normal(shape), ["gate"] = d.Normal(gate, 0.5), ["bias"] = d.Normal([shape[^1]], 0.3),
        };
    }

    public static CaseTable GatedActivation() => Gated(Activations(new CaseTable("GatedActivation"), "gate up", "gate"));

    public static CaseTable GatedActivationQuantize() =>
        Gated(Activations(new CaseTable("GatedActivationQuantize"), "gate up scale", "gate scale").Call("merged, no scale", "gate").Call("split, no scale", "gate up"))
            .Special("saturation", d => With(Split(d, [3, 66]), d.Scale(1e-4)))
            .Special("zero scale is floored", d => With(Split(d, [3, 66]), d.Scale(0)));

    private static CaseTable Activations(CaseTable table, string split, string merged)
    {
        table.Call("split, the default", split).Call("merged, the default", merged).Call("merged, up first", merged, null, ("order", "up_gate"));
        foreach (var activation in new[] { "gelu_erf", "gelu_quick", "silu", "relu", "sigmoid" })
            table.Call($"split, {activation}", split, null, ("activation", activation)).Call($"merged, {activation}", merged, null, ("activation", activation));
        return table;
    }

    private static CaseTable Gated(CaseTable table)
    {
        foreach (var (why, shape) in RowShapes.All)
            table.With(why, d => Split(d, shape));
        return table
            .With("half a row is no multiple of 4", d => Split(d, [3, 6]))
            .Special("no rows", d => Split(d, [0, 8]))
            .Special("NaN, infinities, far tails in the gate", d => With(new()
            {
                ["gate"] = d.Cycle([2, 46], Delicate), ["up"] = d.Normal([2, 46]),
            }, d.Scale(0.05)));
    }

    // The shape is that of the split operands; the merged one is twice as wide.
    private static Dictionary<string, OpTensor> Split(Data d, long[] shape) => With(new()
    {
        ["gate"] = d.Normal(d.Signature.Inputs.Contains("up") ? shape : [.. shape[..^1], 2 * shape[^1]], 1.5),
        ["up"] = d.Normal(shape),
    }, d.Scale(0.01));

    private static Dictionary<string, OpTensor> With(Dictionary<string, OpTensor> operands, OpTensor scale)
    {
        operands["scale"] = scale;
        return operands;
    }

    private static CaseTable Flat(string op)
    {
        var table = new CaseTable(op);
        foreach (var (why, shape) in RowShapes.All)
            table.With(why, d => new Dictionary<string, OpTensor> { ["X"] = d.Normal(shape, 2), ["bias"] = d.Normal([shape[^1]]) });
        return table
            .With("bias in the shape of X", d => new Dictionary<string, OpTensor> { ["X"] = d.Normal([3, 5, 41], 2), ["bias"] = d.Normal([3, 5, 41]) })
            .Special("no elements", d => new Dictionary<string, OpTensor> { ["X"] = d.Normal([0, 8]), ["bias"] = d.Normal([8]) })
            .Special("zeros, kinks, tails, infinities, NaN", d => new Dictionary<string, OpTensor> { ["X"] = d.Cycle([2, Delicate.Length], Delicate), ["bias"] = d.Constant([Delicate.Length], 0) });
    }

    public static CaseTable SoftmaxRows()
    {
        var table = new CaseTable("SoftmaxRows").Call("plain", "X");
        foreach (var (why, shape) in RowShapes.All)
            table.With(why, d => new Dictionary<string, OpTensor> { ["X"] = d.Normal(shape, 3) });
        return table
            .Special("no rows", d => new Dictionary<string, OpTensor> { ["X"] = d.Normal([0, 8]) })
            .Special("a row of minus infinity gives zeros", d => new Dictionary<string, OpTensor> { ["X"] = d.Cycle([3, 7], [.. Enumerable.Repeat(double.NegativeInfinity, 7), 1, 2, 3, 4, 5, 6, 7]) })
            .Special("masked entries", d => new Dictionary<string, OpTensor> { ["X"] = d.Cycle([4, 33], [0.5, double.NegativeInfinity, -65504, 1.5, 2]) })
            .Special("large logits", d => new Dictionary<string, OpTensor> { ["X"] = d.Normal([3, 130], 2000) });
    }
}
