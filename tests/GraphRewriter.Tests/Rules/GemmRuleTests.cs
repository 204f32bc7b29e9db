using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;
using static FlashRt.GraphRewriter.Tests.Spellings.NormSpellings;
using static FlashRt.GraphRewriter.Tests.Spellings.ProductSpellings;

namespace FlashRt.GraphRewriter.Tests.Rules;

[TestClass]
public sealed class GemmRuleTests
{
    public static IEnumerable<object[]> NearMisses =>
    [
        [new NearMiss("bias of one", () => Linear((g, p) => g.Op("Add", p, g.Initializer("b", Float, [1], 0.5))), "Gemm", "the bias 'b' is [1]; the product has 16 columns")],
        [new NearMiss("beta on the bias", () => Matrix((g, x) => g.Node("Gemm", [x, W(g), B(g)], [("beta", 0.5f)])[0]), "Gemm", "the bias 'b' is multiplied by beta = 0.5")],
        [new NearMiss("a column of C", () => Matrix((g, x) => g.Op("Gemm", x, W(g), g.Input("c", Float, 3, 1))), "Gemm", "the bias 'c' is [3,1], no vector")],
        [new NearMiss("residual that broadcasts", () => Linear((g, p) => g.Op("Add", p, g.Input("c", Float, 1, "seq", Columns))), "GemmResidual", "are not provably of one shape ([2,seq,16] and [1,seq,16])")],
        [new NearMiss("product read twice", ProductIsOutput, "GemmActivation", "'matmul_0' (node 'node_MatMul_0', MatMul) is a graph output")],
    ];

    [TestMethod]
    [DynamicData(nameof(NearMisses))]
    public void LeavesNearMissAlone(NearMiss miss) => miss.Check();

    [TestMethod]
    public void ProductOfTwoComputedTensorsIsLeftAlone()
    {
        var g = new GraphBuilder(20);
        g.Node("Add", [g.Op("MatMul", g.Input("x", Float, 3, Width), g.Input("w", Float, Width, Columns)), B(g)], outputs: ["y"]);
        g.Output("y", Float, 3, Columns);
        Assert.AreEqual(0, Rewriter.Rewrite(g.Build(), new RewriteOptions()).Sites.Count);
    }

    [TestMethod]
    public void TransposedAIsLeftAlone() => LeftAlone(Matrix((g, _) =>
        g.Node("Gemm", [g.Input("a", Float, Width, 3), W(g), B(g)], [("transA", 1)])[0]));

    [TestMethod]
    public void ProductWithoutAnEpilogueIsLeftToOnnxRuntime()
    {
        LeftAlone(Linear((_, p) => p));
        LeftAlone(Matrix((g, x) => g.Op("Gemm", x, W(g))));
    }

    [TestMethod]
    public void NormOfTheSumTakesBiasAndResidual()
    {
        var text = Spellings.Spelling.Rewritten(Linear((g, p) => g.Node("LayerNormalization",
            [g.Op("Add", Residual(g), g.Op("Add", p, B(g))), g.Initializer("gamma", Float, [Columns], Ramp(Columns))], [("axis", -1)])[0]), out _);
        StringAssert.Contains(text, "y = com.flashrt::AddLayerNorm(c, matmul_0, gamma, _, b)");
    }

    [TestMethod]
    public void LogitsCappedAtAnotherNumberAreLeftAlone() =>
        new NearMiss("cap", () => Linear((g, p) => Capped(g, p, 30, 50)), "GemmSoftcap", "the logits are capped at 50 but divided by 30").Check();

    [TestMethod]
    public void ReshapeToHeadsStays()
    {
        var text = Spellings.Spelling.Rewritten(Flattened(g => g.Integers("back", 2, 3, 4, 4)), out _);
        StringAssert.Contains(text, "gemm_0 = com.flashrt::Gemm(reshape_0, w, b)");
        StringAssert.Contains(text, "y = Reshape(gemm_0");
    }

    private static void LeftAlone(OnnxModel model) => Assert.AreEqual(0, Rewriter.Rewrite(model, new RewriteOptions()).Sites.Count);

    private static OnnxModel ProductIsOutput() => Linear((g, p) =>
    {
        g.Output(p, Float, 2, "seq", Columns);
        return g.Op("Relu", p);
    });
}
