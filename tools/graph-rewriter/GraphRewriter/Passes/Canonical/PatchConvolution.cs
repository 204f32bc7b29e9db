namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>
/// A convolution that cuts images into patches that do not overlap and gives a vector for each: the embedding of a vision transformer.
/// <paramref name="Tokens"/> is the Transpose that puts the channels last, <paramref name="Patch"/> the side of a patch,
/// <paramref name="Rows"/> and <paramref name="Columns"/> how many of them there are. A kernel as large as the image needs no Transpose:
/// <paramref name="Tokens"/> is the convolution.
/// </summary>
internal sealed record PatchConvolution(Node Conv, Node Tokens, long Patch = 0, long Rows = 1, long Columns = 1)
{
    /// <summary>The image is one patch.</summary>
    public bool IsWhole => Tokens == Conv;

    /// <summary>Reads a convolution. Null and a reason: it looks like the embedding of patches and is not; null and no reason: it is some other one.</summary>
    public static (PatchConvolution? Patches, string? Reason) Read(Node conv)
    {
        if (conv is not { OpType: "Conv", Domain: "", Outputs: [{ } y], Inputs: [{ } x, { } w, ..] }) return (null, null);
        if (w.Shape?.Static() is not { Length: > 2 } dims || dims[2..] is var kernel && kernel.All(k => k == 1)) return (null, null);
        if (x.Shape is { } image && image.Skip(2).SequenceEqual(kernel.Select(k => (Dim)k)) && Problem(conv, x, w) is null) return (new PatchConvolution(conv, conv), null);
        if (kernel is not [var height, var width]) return (null, null);

        var tokens = FindTokens(y);
        var strides = conv.Ints("strides") ?? [1, 1];
        var cuts = strides.SequenceEqual(kernel);
        if (!cuts && (tokens is null || strides is [1, 1])) return (null, null);
        var reason = !cuts ? $"the strides are {Text(strides)}, the kernel is {Text(kernel)}: the patches overlap or leave gaps"
            : Problem(conv, x, w) ?? (height != width ? $"patches of {height}x{width} are not square"
            : !IsMultiple(x.Shape, 2, height) || !IsMultiple(x.Shape, 3, width) ? $"the height and the width of '{x.Name}' ({x.Shape}) are not known to be multiples of {height}"
            : tokens is null ? ReadAsMap(y) : null);
        return reason is not null ? (null, reason) : (new PatchConvolution(conv, tokens!, height, x.Shape![2].Value!.Value / height, x.Shape[3].Value!.Value / width), null);
    }

    private static string? Problem(Node conv, Value x, Value w)
    {
        if (conv.Int("group", 1) is not 1 and var groups) return $"the channels are in {groups} groups";
        if (conv.Ints("dilations")?.Any(d => d != 1) == true) return $"the dilations are {Text(conv.Ints("dilations")!)}";
        if (conv.Ints("pads")?.Any(p => p != 0) == true) return $"the image is padded by {Text(conv.Ints("pads")!)}";
        if (conv.Text("auto_pad", "NOTSET") is not ("NOTSET" or "VALID") and var padding) return $"auto_pad is {padding}";
        if (w.Constant is null) return $"the kernel '{w.Name}' is computed";
        if (!x.Type.IsFlashRtFloat() || w.Type != x.Type) return $"the images are {x.Type.Name()} and the kernel is {w.Type.Name()}; the ops take float32, float16 and bfloat16";
        return x.Shape?[0].Value == 0 ? "there are no images" : null;
    }

    // Transpose to [V, h, w, D], or Reshape to [V, D, h·w] and Transpose to [V, h·w, D].
    private static Node? FindTokens(Value y)
    {
        if (Reader(y) is { OpType: "Transpose" } whole && whole.Ints("perm") is [0, 2, 3, 1]) return whole;
        return Reader(y) is { OpType: "Reshape", Outputs: [{ Shape: { Rank: 3 } flat } z] } && y.Shape is { Rank: 4 } map && flat[0].SameAs(map[0]) && flat[1].SameAs(map[1])
            && Reader(z) is { OpType: "Transpose" } moved && moved.Ints("perm") is [0, 2, 1] ? moved : null;
    }

    private static Node? Reader(Value value) => value is { IsOutput: false, Uses: [{ Input: 0, Node: { Domain: "" } only }] } ? only : null;

    private static string ReadAsMap(Value y) => y.IsOutput ? $"the feature map '{y.Name}' is a graph output"
        : y.Uses is [var use] ? $"the feature map '{y.Name}' is not turned into tokens, but read by node '{use.Node.Name}' ({use.Node.OpType})"
        : $"the feature map '{y.Name}' has {y.Uses.Count} readers";

    private static bool IsMultiple(Shape? shape, int axis, long of) => shape?[axis].Value is > 0 and var n && n % of == 0;

    private static string Text(params long[] sizes) => $"[{string.Join(',', sizes)}]";
}
