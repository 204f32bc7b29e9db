namespace FlashRt.GraphRewriter.Ir.Inference;

/// <summary>Convolution, pooling and resizing: operators over [batch, channels, axes...].</summary>
internal static class Spatial
{
    public static void Conv(InferenceContext c)
    {
        if (c.Shape(0) is not { } x) { c.Set(c.CommonType, null); return; }
        var kernel = c.Node.Ints("kernel_shape") ?? c.Shape(1)?.Static()?.Skip(2).ToArray();
        c.Set(c.CommonType, Shape(c, x, c.Shape(1)?[0] ?? Dim.Unknown, kernel));
    }

    public static void ConvInteger(InferenceContext c)
    {
        Conv(c);
        c.Set(DataType.Int32, null);
    }

    public static void Pool(InferenceContext c)
    {
        if (c.Shape(0) is not { } x) { c.Set(c.Type(0), null); return; }
        var shape = Shape(c, x, x[1], c.Node.Ints("kernel_shape"));
        c.Set(c.Type(0), shape);
        c.Set(DataType.Int64, shape, output: 1);
    }

    public static void GlobalPool(InferenceContext c) =>
        c.Set(c.Type(0), c.Shape(0) is { Rank: >= 2 } x ? new Shape([x[0], x[1], .. Enumerable.Repeat((Dim)1, x.Rank - 2)]) : null);

    public static void ConvTranspose(InferenceContext c)
    {
        if (c.Shape(0) is not { } x || c.Shape(1) is not { } w) { c.Set(c.Type(0), null); return; }
        var rank = x.Rank - 2;
        var dims = new List<Dim> { x[0], w[1].Value * c.Node.Int("group", 1) is { } channels ? channels : Dim.Unknown };
        for (var axis = 0; axis < rank; axis++)
        {
            long Of(string name, long otherwise) => c.Node.Ints(name) is { } list ? list[axis] : otherwise;
            var pads = c.Node.Ints("pads") is { } p ? p[axis] + p[axis + rank] : 0;
            var known = c.Node.Text("auto_pad", "NOTSET") == "NOTSET" && x[axis + 2].Value is not null && w[axis + 2].Value is not null;
            dims.Add(c.Node.Ints("output_shape") is { } wanted ? wanted[^(rank - axis)] : !known ? Dim.Unknown
                : Of("strides", 1) * (x[axis + 2].Value!.Value - 1) + Of("output_padding", 0) + (w[axis + 2].Value!.Value - 1) * Of("dilations", 1) + 1 - pads);
        }
        c.Set(c.Type(0), new Shape(dims));
    }

    /// <summary>Resize and Upsample: the sizes where they are given, otherwise the floor of size times scale.</summary>
    public static void Resize(InferenceContext c)
    {
        if (c.Shape(0) is not { } x) { c.Set(c.Type(0), null); return; }
        var dims = x.ToArray();
        int[] axes = c.Node.Ints("axes") is { } list ? [.. list.Select(a => c.Axis(a, x.Rank))] : [.. Enumerable.Range(0, x.Rank)];
        var scales = c.Node.OpType == "Upsample" || c.Node.Inputs.Count == 2 ? c.Node.Input(1) : c.Node.Input(2);
        var sizes = c.Node.OpType == "Upsample" ? null : c.Sizes(3);
        var plain = c.Node.Text("keep_aspect_ratio_policy", "stretch") == "stretch" && c.Node.Text("coordinate_transformation_mode", "") != "tf_crop_and_resize";
        for (var i = 0; i < axes.Length; i++)
            dims[axes[i]] = !plain ? Dim.Unknown : sizes is not null ? sizes[i]
                : scales?.Constant is { Count: > 0 } s && x[axes[i]].Value is { } size ? (long)Math.Floor(size * s.ReadAsDouble()[i] + 1e-9) : Dim.Unknown;
        c.Set(c.Type(0), new Shape(dims));
    }

    public static void DepthToSpace(InferenceContext c)
    {
        var block = c.Node.Int("blocksize", 1);
        var up = c.Node.OpType == "DepthToSpace";
        Dim Scale(Dim d, bool larger, long by) => d.Value is not { } v ? Dim.Unknown : larger ? v * by : v / by;
        c.Set(c.Type(0), c.Shape(0) is { Rank: 4 } x
            ? new Shape([x[0], Scale(x[1], !up, block * block), Scale(x[2], up, block), Scale(x[3], up, block)]) : null);
    }

    public static void GridSample(InferenceContext c) => c.Set(c.Type(0), c.Shape(0) is { Rank: >= 3 } x && c.Shape(1) is { } grid
        ? new Shape([x[0], x[1], .. grid.Skip(1).Take(grid.Rank - 2)]) : null);

    /// <summary>PatchIm2col of com.flashrt: a row for each patch of images [.., H, W, C] or [.., C, H, W].</summary>
    public static void Patches(InferenceContext c)
    {
        if (c.Shape(0) is not { Rank: >= 3 } x) { c.Set(c.Type(0), null); return; }
        var (patch, planes) = (c.Node.Int("patch_size", 14), c.Node.Text("layout", "NHWC") == "NCHW");
        Dim Times(Dim a, Dim b) => a.Value * b.Value is { } n ? n : a.Value == 1 ? b : b.Value == 1 ? a : Dim.Unknown;
        Dim Over(Dim size) => size.Value is { } n && patch > 0 ? n / patch : Dim.Unknown;
        var views = x.Take(x.Rank - 3).Aggregate((Dim)1, Times);
        var patches = Times(Over(x[planes ? -2 : -3]), Over(x[planes ? -1 : -2]));
        var features = Times(x[planes ? -3 : -1], patch * patch);
        c.Set(c.Type(0), c.Node.Text("output_layout", "rows") == "images" ? new Shape([views, patches, features]) : new Shape([Times(views, patches), features]));
    }

    private static Shape Shape(InferenceContext c, Shape x, Dim channels, long[]? kernel)
    {
        var dims = new List<Dim> { x[0], channels };
        for (var axis = 0; axis < x.Rank - 2; axis++)
            dims.Add(kernel is not null && x[axis + 2].Value is { } size ? Size(c.Node, axis, size, kernel) : Dim.Unknown);
        return new Shape(dims);
    }

    private static long Size(Node node, int axis, long size, long[] kernel)
    {
        var stride = node.Ints("strides") is { } s ? s[axis] : 1;
        var dilation = node.Ints("dilations") is { } d ? d[axis] : 1;
        var span = dilation * (kernel[axis] - 1) + 1;
        var pads = node.Ints("pads");
        var up = node.Int("ceil_mode", 0) != 0 ? stride - 1 : 0;
        return node.Text("auto_pad", "NOTSET") switch
        {
            "NOTSET" => (size + (pads is null ? 0 : pads[axis] + pads[axis + kernel.Length]) - span + up) / stride + 1,
            "VALID" => (size - span) / stride + 1,
            _ => (size + stride - 1) / stride,
        };
    }
}
