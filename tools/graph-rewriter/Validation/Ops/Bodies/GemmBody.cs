namespace FlashRt.Validation.Ops;

/// <summary>Matrix products in standard ops; FP8 operands are their decoded values.</summary>
internal static class GemmBody
{
    public static void Write(Body b)
    {
        var op = b.Call.Signature.Op.Name;
        var transposed = op == "Fp8WeightGemm" || b.Call.Int("transB") == 1;
        var product = b.Op("MatMul", "A", transposed ? b.Op("Transpose", ["B"], ("perm", new long[] { 1, 0 })) : "B");
        foreach (var scale in new[] { "a_scale", "b_scale" }.Where(b.Has))
            product = b.Multiply(product, scale);
        if (op == "Gemm")
            product = b.Multiply(product, b.Number(b.Call.Float("alpha")));
        if (b.Has("bias"))
            product = b.Add(product, "bias");
        var d = b.Activate(b.Call.Text("activation"), product);
        if (op == "Gemm" && b.Call.Float("softcap") is var cap and > 0)
            d = b.Multiply(b.Op("Tanh", b.Op("Div", d, b.Number(cap))), b.Number(cap));
        b.Output("D", b.Has("C") ? b.Add(d, b.Multiply("C", b.Number(b.Call.Float("beta")))) : d);
    }
}
