using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;
using static FlashRt.GraphRewriter.Tests.Spellings.NormSpellings;
using static FlashRt.GraphRewriter.Tests.Spellings.PatchSpellings;

namespace FlashRt.GraphRewriter.Tests.Rules;

[TestClass]
public sealed class PatchIm2colRuleTests
{
    private const string Rows = "patch_size=2, layout=NCHW, patch_order=CHW, output_layout=images";

    public static IEnumerable<object[]> NearMisses =>
    [
        Miss("overlapping patches", (g, x) => Flat(g, Conv(g, x, strides: [1, 2])), "the strides are [1,2], the kernel is [2,2]: the patches overlap or leave gaps"),
        Miss("gaps between patches", (g, x) => Flat(g, Conv(g, x, strides: [3, 3])), "the strides are [3,3], the kernel is [2,2]: the patches overlap or leave gaps"),
        Miss("padded", (g, x) => Flat(g, Conv(g, x, more: ("pads", new long[] { 1, 0, 1, 0 }))), "the image is padded by [1,0,1,0]"),
        Miss("padded by itself", (g, x) => Flat(g, Conv(g, x, more: ("auto_pad", "SAME_UPPER"))), "auto_pad is SAME_UPPER"),
        Miss("dilated", (g, x) => Flat(g, Conv(g, x, more: ("dilations", new long[] { 2, 1 }))), "the dilations are [2,1]"),
        Miss("grouped", (g, x) => Flat(g, Conv(g, x, kernel: Kernel(g, 6, 1, 2, 2), more: ("group", 3)), 6), "the channels are in 3 groups"),
        Miss("oblong", (g, x) => Flat(g, Conv(g, x, kernel: Kernel(g, Columns, 3, 2, 3), strides: [2, 3])), "patches of 2x3 are not square"),
        Miss("computed kernel", (g, x) => Flat(g, Conv(g, x, kernel: g.Input("w", Float, Columns, 3, 2, 2))), "the kernel 'w' is computed"),
        Miss("cropped image", (g, x) => Flat(g, Conv(g, x, kernel: Kernel(g, Columns, 3, 4, 4), strides: [4, 4])), "the height and the width of 'x' ([2,3,4,6]) are not known to be multiples of 4"),
        Miss("image of any size", (g, x) => Flat(g, Conv(g, g.Input("image", Float, 2, 3, "h", "w"))), "the height and the width of 'image' ([2,3,h,w]) are not known to be multiples of 2"),
        Miss("feature map", (g, x) => g.Op("Relu", Conv(g, x)), "the feature map 'conv_0' is not turned into tokens, but read by node 'node_Relu_0' (Relu)"),
        Miss("feature map and tokens", (g, x) => { var map = Conv(g, x); g.Output(g.Op("Relu", map), Float, "?", "?", "?", "?"); return Flat(g, map); }, "the feature map 'conv_0' has 2 readers"),
        Miss("feature map as an output", (g, x) => { var map = Conv(g, x); g.Output(map, Float, "?", "?", "?", "?"); return Flat(g, map); }, "the feature map 'conv_0' is a graph output"),
        Miss("spelled out, oblong", (g, x) => g.Op("Reshape", g.Node("Transpose", [g.Op("Reshape", x, g.Integers("cut", 2, 3, 2, 2, 2, 3))], [("perm", new[] { 0, 2, 4, 1, 3, 5 })])[0], g.Integers("rows", 2, 4, 18)),
            "patches of 2x3 are not square"),
        Miss("spelled out, an inner value read elsewhere", (g, x) =>
        {
            var moved = g.Node("Transpose", [g.Op("Reshape", x, g.Integers("cut", 2, 3, 2, 2, 3, 2))], [("perm", new[] { 0, 2, 4, 1, 3, 5 })])[0];
            g.Output(g.Op("Relu", moved), Float, "?", "?", "?", "?", "?", "?");
            return g.Op("Reshape", moved, g.Integers("rows", 2, 6, 12));
        }, "is also read by node 'node_Relu_0' (Relu)"),
    ];

    [TestMethod]
    [DynamicData(nameof(NearMisses))]
    public void LeavesNearMissAlone(NearMiss miss) => miss.Check();

    [TestMethod]
    public void ProductTakesBiasAndPositions()
    {
        Fuses((g, x) => g.Op("Add", Flat(g, Conv(g, x, Bias(g))), Positions(g, 1)), [1, 3, 4, 6], [1, 6, Columns], $$"""
            in  x: float32[1,3,4,6]
            transpose_0.patches = com.flashrt::PatchIm2col(x) {{{Rows}}}
            y = com.flashrt::Gemm(transpose_0.patches, transpose_0.matrix, b, p)
            out y: float32[1,6,8]
            """);
    }

    [TestMethod]
    public void PositionsThatEachImageSharesAreAddedApart()
    {
        Fuses((g, x) => g.Op("Add", Flat(g, Conv(g, x, Bias(g))), Positions(g, 1)), [2, 3, 4, 6], [2, 6, Columns], $$"""
            in  x: float32[2,3,4,6]
            transpose_0.patches = com.flashrt::PatchIm2col(x) {{{Rows}}}
            transpose_0 = com.flashrt::Gemm(transpose_0.patches, transpose_0.matrix, b)
            y = Add(transpose_0, p)
            out y: float32[2,6,8]
            """);
    }

    [TestMethod]
    public void NormOfTheSumTakesBiasAndPositions()
    {
        Fuses((g, x) => g.Node("LayerNormalization", [g.Op("Add", Flat(g, Conv(g, x, Bias(g))), Positions(g, 1)), g.Initializer("gamma", Float, [Columns], Ramp(Columns))], [("axis", -1)])[0],
            [1, 3, 4, 6], [1, 6, Columns], $$"""
            in  x: float32[1,3,4,6]
            transpose_0.patches = com.flashrt::PatchIm2col(x) {{{Rows}}}
            transpose_0.product = MatMul(transpose_0.patches, transpose_0.matrix)
            add_0, y = com.flashrt::AddLayerNorm(p, transpose_0.product, gamma, _, b) {epsilon=0.00001}
            out y: float32[1,6,8]
            """);
    }

    [TestMethod]
    public void MapWithChannelsLastIsTheTokensInAnotherShape()
    {
        Fuses((g, x) => g.Node("Transpose", [Conv(g, x, Bias(g), more: ("auto_pad", "VALID"))], [("perm", new[] { 0, 2, 3, 1 })])[0], [2, 3, 4, 6], [2, 2, 3, Columns], $$"""
            in  x: float32[2,3,4,6]
            y.patches = com.flashrt::PatchIm2col(x) {{{Rows}}}
            y.sum = com.flashrt::Gemm(y.patches, y.matrix, b)
            y = Reshape(y.sum, y.map.shape)
            out y: float32[2,2,3,8]
            """);
    }

    [TestMethod]
    public void SpelledOutPatchesGoIntoTheProduct()
    {
        Fuses((g, x) =>
        {
            var moved = g.Node("Transpose", [g.Op("Reshape", x, g.Integers("cut", 2, 3, 2, 2, 3, 2))], [("perm", new[] { 0, 2, 4, 3, 5, 1 })])[0];
            var product = g.Op("MatMul", g.Op("Reshape", moved, g.Integers("rows", 2, 6, 12)), g.Initializer("w", Float, [12, Columns], Ramp(12 * Columns, -0.75, 1.0 / 64)));
            return g.Op("Add", product, Bias(g));
        }, [2, 3, 4, 6], [2, 6, Columns], """
            in  x: float32[2,3,4,6]
            reshape_1 = com.flashrt::PatchIm2col(x) {patch_size=2, layout=NCHW, output_layout=images}
            y = com.flashrt::Gemm(reshape_1, w, b)
            out y: float32[2,6,8]
            """);
    }

    [TestMethod]
    public void KernelOfTheWholeImageNeedsNoPatches()
    {
        Fuses((g, x) => Flat(g, Conv(g, x, Bias(g), Kernel(g, Columns, 3, 4, 6), strides: [1, 1])), ["n", 3, 4, 6], ["n", 1, Columns], """
            in  x: float32[n,3,4,6]
            conv_0.patches = Reshape(x, conv_0.patches.shape)
            conv_0.sum = com.flashrt::Gemm(conv_0.patches, conv_0.matrix, b)
            y = Reshape(conv_0.sum, y.shape.2)
            out y: float32[n,1,8]
            """);
    }

    [TestMethod]
    public void PatchesOfAFilmThatComeAsRowsNeedNoConvolution()  // Qwen2-VL
    {
        Fuses((g, x) =>
        {
            var cubes = g.Op("Reshape", x, g.Integers("cubes", -1, 3, 2, 2, 2));
            return g.Op("Reshape", Conv(g, cubes, kernel: Kernel(g, Columns, 3, 2, 2, 2), strides: [2, 2, 2]), g.Integers("rows", -1, Columns));
        }, [5, 24], [5, Columns], """
            in  x: float32[5,24]
            y = MatMul(x, conv_0.matrix)
            out y: float32[5,8]
            """);
    }

    [TestMethod]
    public void WindowsOfTokensAreNoPatches()
    {
        var model = Cut([2, 4, 6, 3], [2, 2, 2, 3, 2, 3], [0, 1, 3, 2, 4, 5], [12, 4, 3]);
        var report = Rewriter.Rewrite(model, new RewriteOptions());
        Assert.IsEmpty(report.Sites);
        Assert.IsEmpty(report.NotFused, string.Join(" | ", report.NotFused));
    }

    private static void Fuses(Func<GraphBuilder, string, string> finish, IReadOnlyList<object> from, IReadOnlyList<object> to, string golden)
    {
        OnnxModel Make() => Embedded(finish, from, to);
        var rewritten = Make();
        Rewriter.Rewrite(rewritten, new RewriteOptions { CaptureSafe = false });
        Assert.AreEqual(golden, GraphText.Of(rewritten).Trim());
        Oracle.AssertSame(Make(), rewritten, 1e-5);

        Restorer.Restore(rewritten);
        Assert.IsNull(GraphDiff.First(ModelTests.Canonical(Make()).Proto, rewritten.Proto));
        Oracle.AssertSame(Make(), rewritten, 1e-5);
    }

    private static object[] Miss(string name, Func<GraphBuilder, string, string> finish, string reason) =>
        [new NearMiss(name, () => Embedded(finish, [2, 3, 4, 6], ["?", "?", "?"]), "PatchIm2col", reason)];

    private static string Kernel(GraphBuilder g, params long[] dims)
    {
        var count = (int)dims.Aggregate(1L, (n, d) => n * d);
        return g.Initializer("k", Float, dims, Ramp(count, -0.75, 1.5 / count));
    }

    private static string Positions(GraphBuilder g, int images) => g.Initializer("p", Float, [images, 6, Columns], Ramp(images * 6 * Columns, -1, 1.0 / 32));
}
