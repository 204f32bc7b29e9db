namespace FlashRt.Validation.Ops;

/// <summary>The residual sum.</summary>
internal static class FusionReference
{
    public static IReadOnlyList<Expected> ResidualAdd(OpCall call)
    {
        OpTensor residual = call["residual"], x = call["x"];
        OpTensor? gate = call.Find("gate"), bias = call.Find("bias");
        long rows = x.Rows, cols = x.Last;
        double[] values = new double[x.Count], noise = new double[x.Count];
        for (long i = 0; i < x.Count; i++)
        {
            long row = i / cols, c = i % cols;
            double add = Rows.At(bias, row, rows, c), factor = gate is { Count: 1 } ? gate.Values[0] : Rows.At(gate, row, rows, c, 1);
            values[i] = residual.Values[i] + (x.Values[i] + add) * factor;
            noise[i] = (Math.Abs(residual.Values[i]) + (Math.Abs(x.Values[i]) + Math.Abs(add)) * Math.Abs(factor)) * Math.ScaleB(1, -22);
        }
        return [new Expected(call.Type, x.Shape, values, noise)];
    }
}
