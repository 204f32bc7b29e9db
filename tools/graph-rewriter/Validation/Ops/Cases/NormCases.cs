namespace FlashRt.Validation.Ops;

/// <summary>Cases of the norm family.</summary>
internal static class NormCases
{
    public static CaseTable RmsNorm() => Rows("RmsNorm")
        .Call("with weight", "X weight")
        .Call("without weight", "X")
        .Call("another epsilon", "X weight", null, ("epsilon", 0.1))
        .Call("no epsilon", "X weight", null, ("epsilon", 0.0));

    public static CaseTable RmsNormQuantize() => Quantized(Rows("RmsNormQuantize"))
        .Call("weight and scale", "X weight scale")
        .Call("both outputs", "X weight scale", "Y Yn")
        .Call("no weight: factor and scale are combined", "X scale")
        .Call("no scale: conversion only", "X")
        .Call("weight, no scale, both outputs", "X weight", "Y Yn", ("epsilon", 1e-3));

    public static CaseTable LayerNorm() => Rows("LayerNorm")
        .Call("affine", "X gamma beta")
        .Call("affine with the epsilon of SigLIP", "X gamma beta", null, ("epsilon", 1e-6))
        .Call("gamma alone", "X gamma")
        .Call("beta alone", "X beta")
        .Call("no affine", "X");

    public static CaseTable LayerNormQuantize() => Quantized(Rows("LayerNormQuantize"))
        .Call("affine, no scale", "X gamma beta", null, ("epsilon", 1e-6))
        .Call("affine and scale", "X gamma beta scale")
        .Call("no affine, scale", "X scale")
        .Call("neither", "X");

    public static CaseTable AdaLayerNorm() => Modulated(Rows("AdaLayerNorm"))
        .Call("modulated", "X scale shift")
        .Call("scale alone", "X scale")
        .Call("affine and modulated", "X scale shift gamma beta")
        .Call("another epsilon", "X scale shift", null, ("epsilon", 1e-6));

    public static CaseTable AdaLayerNormQuantize() => Modulated(Quantized(Rows("AdaLayerNormQuantize")))
        .Call("scale", "X scale shift quant_scale")
        .Call("no scale", "X scale shift", null, ("epsilon", 1e-6));

    public static CaseTable AdaRmsNorm() => Modulated(Rows("AdaRmsNorm"))
        .Call("weight and gate", "X style weight", "Y gate")
        .Call("no weight", "X style", "Y gate")
        .Call("gate left out", "X style", null, ("epsilon", 1e-3))
        .Call("scale and shift", "X scale shift")
        .Call("weight and scale", "X weight scale");

    public static CaseTable AdaRmsNormQuantize() => Modulated(Quantized(Rows("AdaRmsNormQuantize")))
        .Call("weight, scale and gate", "X style weight scale", "Y gate")
        .Call("no weight", "X style scale", "Y gate")
        .Call("neither weight, scale nor gate", "X style", null, ("epsilon", 1e-3));

    public static CaseTable AddRmsNorm() => Modulated(Rows("AddRmsNorm"))
        .Call("weight", "residual x weight")
        .Call("weight and bias", "residual x weight bias")
        .Call("bias alone", "residual x bias", null, ("epsilon", 1e-3))
        .Call("weight and gate", "residual x weight gate")
        .Call("everything", "residual x weight bias gate")
        .Call("the sum before rounding", "residual x weight", null, ("stash", "unrounded"));

    public static CaseTable AddRmsNormQuantize() => Quantized(Rows("AddRmsNormQuantize"))
        .Call("weight and scale", "residual x weight scale")
        .Call("no weight, the sum before rounding", "residual x scale", null, ("stash", "unrounded"))
        .Call("neither weight nor scale", "residual x")
        .Call("everything", "residual x weight bias scale", null, ("stash", "unrounded"), ("epsilon", 1e-3));

    public static CaseTable AddLayerNorm() => Modulated(Rows("AddLayerNorm"))
        .Call("affine and gate", "residual x gamma beta gate")
        .Call("affine, bias and gate", "residual x gamma beta bias gate")
        .Call("affine", "residual x gamma beta")
        .Call("no affine", "residual x")
        .Call("affine and bias", "residual x gamma beta bias")
        .Call("bias alone", "residual x bias", null, ("epsilon", 1e-3));

    public static CaseTable AddLayerNormQuantize() => Quantized(Rows("AddLayerNormQuantize"))
        .Call("affine and scale", "residual x gamma beta scale")
        .Call("bias and scale", "residual x bias scale", null, ("epsilon", 1e-3))
        .Call("no scale", "residual x gamma beta");

    public static CaseTable GatedAddAdaRmsNorm() => Modulated(Rows("GatedAddAdaRmsNorm"))
        .Call("weight", "residual x gate style weight", "residual_out Y gate_out")
        .Call("no weight", "residual x gate style", "residual_out Y gate_out", ("epsilon", 1e-3))
        .Call("next gate left out", "residual x gate style")
        .Call("scale and shift", "residual x gate scale shift")
        .Call("no gate, scale alone", "residual x weight scale");

    public static CaseTable GatedAddAdaRmsNormQuantize() => Modulated(Quantized(Rows("GatedAddAdaRmsNormQuantize")))
        .Call("weight and scale", "residual x gate style weight scale", "residual_out Y gate_out")
        .Call("no weight", "residual x gate style scale", "residual_out Y gate_out")
        .Call("neither weight, scale nor next gate", "residual x gate style", null, ("epsilon", 1e-3));

    public static CaseTable GatedAddAdaLayerNorm() => Modulated(Rows("GatedAddAdaLayerNorm"))
        .Call("modulated", "residual x gate scale shift")
        .Call("no gate", "residual x scale shift")
        .Call("scale alone", "residual x gate scale")
        .Call("gate alone", "residual x gate")
        .Call("everything", "residual x gate scale shift gamma beta")
        .Call("another epsilon", "residual x gate scale shift", null, ("epsilon", 1e-3));

    private static CaseTable Rows(string op)
    {
        var table = new CaseTable(op);
        foreach (var (why, shape) in RowShapes.All)
            table.With(why, d => Operands(d, shape));
        // One type is enough for the large one: the kernels are one template.
        table.With(RowShapes.Many.Why, d => Operands(d, RowShapes.Many.Shape), d => d.T == ElementType.BFloat16 && d.Signature.Inputs.Count >= 2);
        foreach (var (why, shape) in RowShapes.Empty)
            table.Special(why, d => Operands(d, shape));
        return table
            .With("large mean, small deviation", d => Change(Operands(d, [4, 321]), "X x", t => t.Type == ElementType.BFloat16 ? t : Shift(t, 100)))
            .With("rows of zeros: epsilon alone under the root", d => Fill(Operands(d, [3, 40]), 0), d => (double)d.Signature.Attribute("epsilon") > 0)
            .Special("NaN in the first row, infinity in the third, the others unharmed", d => Poison(Operands(d, [5, 72])))
            .Special("weights that overflow half precision", d => Change(Operands(d, [3, 65]), "weight gamma", t => Scale(t, 40000)));
    }

    private static CaseTable Quantized(CaseTable table) => table
        .Special("saturation: scale far below the values", d => Change(Operands(d, [3, 65]), "scale quant_scale", t => QuantScale(t, 1e-3)))
        .Special("zero scale is floored", d => Change(Operands(d, [3, 65]), "scale quant_scale", t => QuantScale(t, 0)))
        .Special("large scale: subnormal codes", d => Change(Operands(d, [3, 65]), "scale quant_scale", t => QuantScale(t, 30)))
        .Special("NaN with a scale", d => Poison(Operands(d, [4, 33])));

    private static CaseTable Modulated(CaseTable table) => table
        .With("one modulation for all rows, [C]", d => Operands(d, [2, 3, 96], [96]))
        .With("one modulation for all rows, [1, 1, C]", d => Operands(d, [2, 3, 96], [1, 1, 96]))
        .With("one for each batch, [B, 1, C]", d => Operands(d, [2, 5, 96], [2, 1, 96]))
        .With("one for each batch, [B, C]", d => Operands(d, [3, 5, 33], [3, 33]))
        .With("one for each row, all different", d => Operands(d, [2, 3, 50], [2, 3, 50]))
        .With("rank 4, one for each of two axes", d => Operands(d, [2, 3, 4, 24], [2, 3, 1, 24]))
        .With("one for each row, long rows", d => Operands(d, [3, 4100], [3, 4100]));

    /// <summary>Every input of a norm op for rows of this shape; modulation operands have the shape <paramref name="vector"/>.</summary>
    private static Dictionary<string, OpTensor> Operands(Data d, long[] shape, long[]? vector = null)
    {
        var cols = shape[^1];
        vector ??= shape;
        var operands = new Dictionary<string, OpTensor>();
        foreach (var input in d.Signature.Op.Inputs)
            operands[input.Name] = input switch
            {
                { Type: "float32" } => d.Scale(1.0 / 32),
                { Name: "X" or "x" } => d.Normal(shape),
                { Name: "residual" } => d.Normal(shape, 3),
                { Name: "weight" or "gamma" } => d.Uniform([cols], 0.5, 1.5),
                { Name: "style" } => d.Normal([.. vector[..^1], 3 * vector[^1]], 0.4),
                { Name: "gate" or "scale" or "shift" } => d.Normal(vector, 0.4),
                _ => d.Normal([cols], 0.3),
            };
        return operands;
    }

    private static OpTensor QuantScale(OpTensor t, double value) => t.Type == ElementType.Float32 && t.Count == 1 && t.Shape.Length == 1 ? t with { Values = [value] } : t;

    private static Dictionary<string, OpTensor> Change(Dictionary<string, OpTensor> operands, string names, Func<OpTensor, OpTensor> change)
    {
        foreach (var name in names.Split(' ').Where(operands.ContainsKey))
            operands[name] = change(operands[name]);
        return operands;
    }

    private static OpTensor Shift(OpTensor t, double by) => t with { Values = [.. t.Values.Select(v => Rounding.To(t.Type, v * 0.1 + by))] };

    private static OpTensor Scale(OpTensor t, double by) => t with { Values = [.. t.Values.Select(v => Rounding.To(t.Type, v * by))] };

    private static Dictionary<string, OpTensor> Fill(Dictionary<string, OpTensor> operands, double value) =>
        Change(operands, "X x residual", t => t with { Values = [.. t.Values.Select(_ => value)] });

    private static Dictionary<string, OpTensor> Poison(Dictionary<string, OpTensor> operands) => Change(operands, "X x", t =>
    {
        double[] values = [.. t.Values];
        values[1] = double.NaN;
        values[2 * t.Last + 3] = double.PositiveInfinity;
        return t with { Values = values };
    });
}
