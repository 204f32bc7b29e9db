namespace FlashRt.GraphRewriter.Ir.Inference;

/// <summary>Matrix products.</summary>
internal static class Linear
{
    public static void MatMul(InferenceContext c) => c.Set(c.CommonType, Product(c.Shape(0), c.Shape(1)));

    public static void MatMulInteger(InferenceContext c) => c.Set(DataType.Int32, Product(c.Shape(0), c.Shape(1)));

    /// <summary>com.microsoft's MatMul with transposed operands.</summary>
    public static void FusedMatMul(InferenceContext c) => c.Set(c.CommonType, c.Node.Int("transBatchA", 0) + c.Node.Int("transBatchB", 0) != 0 ? null
        : Product(Transposed(c.Shape(0), c.Node.Int("transA", 0)), Transposed(c.Shape(1), c.Node.Int("transB", 0))));

    public static void Gemm(InferenceContext c)
    {
        var rows = c.Shape(0)?[c.Node.Int("transA", 0) == 0 ? 0 : 1] ?? Dim.Unknown;
        var columns = c.Shape(1)?[c.Node.Int("transB", 0) == 0 ? 1 : 0] ?? Dim.Unknown;
        c.Set(c.CommonType, new Shape([rows, columns]));
    }

    /// <summary>Gemm of com.flashrt: the leading axes of A, the columns of B.</summary>
    public static void FlashRtGemm(InferenceContext c)
    {
        var columns = c.Shape(1)?[c.Node.Int("transB", 0) == 0 ? 1 : 0] ?? Dim.Unknown;
        c.Set(c.CommonType, c.Shape(0) is { Rank: > 0 } a ? new Shape([.. a.Take(a.Rank - 1), columns]) : null);
    }

    /// <summary>A product with packed weights, whose columns an attribute gives.</summary>
    public static void Packed(InferenceContext c) => c.Set(c.Type(0),
        c.Shape(0) is { Rank: > 0 } x && c.Node.Int("N", 0) is > 0 and var columns ? new Shape([.. x.Take(x.Rank - 1), columns]) : null);

    /// <summary>Each letter of the result has the size that it has in an operand.</summary>
    public static void Einsum(InferenceContext c)
    {
        var parts = c.Node.Text("equation", "").Replace(" ", "").Split("->");
        var terms = parts[0].Split(',');
        if (parts.Length != 2 || parts[0].Contains('.') || terms.Length != c.Node.Inputs.Count) { c.Set(c.CommonType, null); return; }
        var sizes = new Dictionary<char, Dim>();
        for (var t = 0; t < terms.Length; t++)
            for (var i = 0; i < terms[t].Length; i++)
                if (c.Shape(t) is { } shape && (!sizes.TryGetValue(terms[t][i], out var known) || known.Value is null)) sizes[terms[t][i]] = shape[i];
        c.Set(c.CommonType, new Shape([.. parts[1].Select(l => sizes.GetValueOrDefault(l))]));
    }

    private static Shape? Product(Shape? left, Shape? right)
    {
        if (left is not { Rank: > 0 } a || right is not { Rank: > 0 } b) return null;
        var batch = InferenceContext.Broadcast(new Shape([.. a.Take(Math.Max(0, a.Rank - 2))]), new Shape([.. b.Take(Math.Max(0, b.Rank - 2))]))!;
        var dims = batch.ToList();
        if (a.Rank > 1) dims.Add(a[-2]);
        if (b.Rank > 1) dims.Add(b[-1]);
        return new Shape(dims);
    }

    private static Shape? Transposed(Shape? shape, long transposed) => transposed == 0 || shape is not { Rank: > 1 } s ? shape
        : new Shape([.. s.Take(s.Rank - 2), s[-1], s[-2]]);
}
