using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;
using static FlashRt.GraphRewriter.Tests.Spellings.NormSpellings;

namespace FlashRt.GraphRewriter.Tests.Spellings;

/// <summary>Images cut into patches, as vision and diffusion transformers begin.</summary>
public static class PatchSpellings
{
    /// <summary>Side of a patch, and columns of the embedding.</summary>
    public const int Patch = 2, Columns = 8;

    public static IReadOnlyList<Spelling> All { get; } =
    [
        new("patches channel by channel (Flux)", () => Cut([2, 3, 4, 6], [2, 3, 2, 2, 3, 2], [0, 2, 4, 1, 3, 5], [2, 6, 12]),
            Golden("[2,3,4,6]", "patch_size=2, layout=NCHW, patch_order=CHW, output_layout=images", "[2,6,12]")),
        new("patches pixel by pixel (MAE)", () => Cut([2, 3, 4, 6], [2, 3, 2, 2, 3, 2], [0, 2, 4, 3, 5, 1], [2, 6, 12]),
            Golden("[2,3,4,6]", "patch_size=2, layout=NCHW, output_layout=images", "[2,6,12]")),
        new("patches of images with channels last", () => Cut([2, 4, 6, 3], [2, 2, 2, 3, 2, 3], [0, 1, 3, 2, 4, 5], [12, 12]),
            Golden("[2,4,6,3]", "patch_size=2", "[12,12]")),
        new("patches of images with channels last, channel by channel", () => Cut([2, 4, 6, 3], [2, 2, 2, 3, 2, 3], [0, 1, 3, 5, 2, 4], [2, 6, 12]),
            Golden("[2,4,6,3]", "patch_size=2, patch_order=CHW, output_layout=images", "[2,6,12]")),
        new("patches of the views of a batch", () => Cut([2, 3, 1, 4, 6], [6, 1, 2, 2, 3, 2], [0, 2, 4, 1, 3, 5], [6, 6, 4]),
            Golden("[2,3,1,4,6]", "patch_size=2, layout=NCHW, patch_order=CHW, output_layout=images", "[6,6,4]")),
        new("patches of one image", () => Cut([3, 4, 6], [1, 3, 2, 2, 3, 2], [0, 2, 4, 1, 3, 5], [6, 12]),
            Golden("[3,4,6]", "patch_size=2, layout=NCHW, patch_order=CHW", "[6,12]")),
        new("patches of a batch of any size", () => Cut(["n", 3, 4, 6], [-1, 3, 2, 2, 3, 2], [0, 2, 4, 1, 3, 5], [-1, 6, 12], ["n", 6, 12]),
            Golden("[n,3,4,6]", "patch_size=2, layout=NCHW, patch_order=CHW, output_layout=images", "[n,6,12]")),
        new("channels put first for a convolution", () => Embedded((g, x) => Flat(g, Conv(g, g.Node("Transpose", [x], [("perm", new[] { 0, 3, 1, 2 })])[0])), [1, 4, 6, 3], [1, 6, Columns]),
            ConvGolden("[1,4,6,3]", "patch_size=2, patch_order=CHW, output_layout=images", "[1,6,8]")),
        new("patch convolution without a bias (CLIP)", () => Embedded((g, x) => Flat(g, Conv(g, x)), [1, 3, 4, 6], [1, 6, Columns]),
            ConvGolden("[1,3,4,6]", "patch_size=2, layout=NCHW, patch_order=CHW, output_layout=images", "[1,6,8]")),
        new("patch convolution of a batch of any size", () => Embedded((g, x) => Flat(g, Conv(g, x)), ["n", 3, 4, 6], ["n", 6, Columns]),
            ConvGolden("[n,3,4,6]", "patch_size=2, layout=NCHW, patch_order=CHW, output_layout=images", "[n,6,8]")),
        new("patch convolution, bfloat16", () => Embedded((g, x) => Flat(g, Conv(g, x, type: Bfloat16)), [1, 3, 4, 6], [1, 6, Columns], Bfloat16),
            ConvGolden("[1,3,4,6]", "patch_size=2, layout=NCHW, patch_order=CHW, output_layout=images", "[1,6,8]").Replace("float32", "bfloat16")),
    ];

    /// <summary>A convolution of [.., 3, 4, 6] whose kernel is its stride, unless the attributes say otherwise.</summary>
    public static string Conv(GraphBuilder g, string x, string? bias = null, string? kernel = null, DataType type = Float, long[]? strides = null, params (string Name, object Value)[] more)
    {
        var w = kernel ?? g.Initializer("w", type, [Columns, 3, Patch, Patch], Ramp(Columns * 3 * Patch * Patch, -0.75, 1.0 / 64));
        return g.Node("Conv", bias is null ? [x, w] : [x, w, bias], [("strides", strides ?? [Patch, Patch]), .. more])[0];
    }

    /// <summary>The bias of the convolution.</summary>
    public static string Bias(GraphBuilder g) => g.Initializer("b", Float, [Columns], Ramp(Columns, -0.5));

    /// <summary>A feature map [.., D, h, w] to tokens [.., h·w, D].</summary>
    public static string Flat(GraphBuilder g, string map, int columns = Columns) =>
        g.Node("Transpose", [g.Op("Reshape", map, g.Integers("tokens", 0, columns, -1))], [("perm", new[] { 0, 2, 1 })])[0];

    /// <summary>Images x of a shape; <paramref name="finish"/> goes on from there.</summary>
    public static OnnxModel Embedded(Func<GraphBuilder, string, string> finish, IReadOnlyList<object> from, IReadOnlyList<object> to, DataType type = Float)
    {
        var g = new GraphBuilder(20);
        g.Node("Identity", [finish(g, g.Input("x", type, from))], outputs: ["y"]);
        g.Output("y", type, to);
        return Inline(g.Build());
    }

    /// <summary>Reshape, Transpose, Reshape.</summary>
    public static OnnxModel Cut(IReadOnlyList<object> from, long[] cut, long[] perm, long[] rows, IReadOnlyList<object>? to = null) => Embedded(
        (g, x) => g.Op("Reshape", g.Node("Transpose", [g.Op("Reshape", x, g.Integers("cut", cut))], [("perm", perm)])[0], g.Integers("rows", rows)),
        from, to ?? [.. rows.Cast<object>()]);

    private static string Golden(string from, string attributes, string to) => $$"""
        in  x: float32{{from}}
        y = com.flashrt::PatchIm2col(x) {{{attributes}}}
        out y: float32{{to}}
        """;

    private static string ConvGolden(string from, string attributes, string to) => $$"""
        in  x: float32{{from}}
        y.patches = com.flashrt::PatchIm2col(x) {{{attributes}}}
        y = MatMul(y.patches, y.matrix)
        out y: float32{{to}}
        """;
}
