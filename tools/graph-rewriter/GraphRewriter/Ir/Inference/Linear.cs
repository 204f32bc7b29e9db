namespace FlashRt.GraphRewriter.Ir.Inference;

/// <summary>Matrix products, convolution, attention.</summary>
internal static class Linear
{
    public static void MatMul(InferenceContext c)
    {
        if (c.Shape(0) is not { Rank: > 0 } a || c.Shape(1) is not { Rank: > 0 } b)
        {
            c.Set(c.CommonType, null);
            return;
        }
        var batch = InferenceContext.Broadcast(new Shape([.. a.Take(Math.Max(0, a.Rank - 2))]), new Shape([.. b.Take(Math.Max(0, b.Rank - 2))]))!;
        var dims = batch.ToList();
        if (a.Rank > 1) dims.Add(a[-2]);
        if (b.Rank > 1) dims.Add(b[-1]);
        c.Set(c.CommonType, new Shape(dims));
    }

    public static void Gemm(InferenceContext c)
    {
        var rows = c.Shape(0)?[c.Node.Int("transA", 0) == 0 ? 0 : 1] ?? Dim.Unknown;
        var columns = c.Shape(1)?[c.Node.Int("transB", 0) == 0 ? 1 : 0] ?? Dim.Unknown;
        c.Set(c.CommonType, new Shape([rows, columns]));
    }

    public static void Conv(InferenceContext c)
    {
        if (c.Shape(0) is not { } x) { c.Set(c.CommonType, null); return; }
        var kernel = c.Node.Ints("kernel_shape") ?? c.Shape(1)?.Static()?.Skip(2).ToArray();
        var dims = new List<Dim> { x[0], c.Shape(1)?[0] ?? Dim.Unknown };
        for (var axis = 0; axis < x.Rank - 2; axis++)
            dims.Add(kernel is not null && x[axis + 2].Value is { } size && Spatial(c.Node, axis, size, kernel) is { } n ? n : Dim.Unknown);
        c.Set(c.CommonType, new Shape(dims));
    }

    public static void Attention(InferenceContext c) => c.Set(c.Type(0),
        c.Shape(0) is { Rank: 4 } q && c.Shape(2) is { Rank: 4 } v ? new Shape([q[0], q[1], q[2], v[3]]) : null);

    private static long? Spatial(Node node, int axis, long size, long[] kernel)
    {
        var stride = node.Ints("strides") is { } s ? s[axis] : 1;
        var dilation = node.Ints("dilations") is { } d ? d[axis] : 1;
        var span = dilation * (kernel[axis] - 1) + 1;
        var pads = node.Ints("pads");
        return node.Text("auto_pad", "NOTSET") switch
        {
            "NOTSET" => (size + (pads is null ? 0 : pads[axis] + pads[axis + kernel.Length]) - span) / stride + 1,
            "VALID" => (size - span) / stride + 1,
            _ => (size + stride - 1) / stride,
        };
    }
}
