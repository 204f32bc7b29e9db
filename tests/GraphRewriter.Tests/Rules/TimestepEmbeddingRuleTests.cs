using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;
using static FlashRt.GraphRewriter.Tests.Spellings.TimestepSpellings;

namespace FlashRt.GraphRewriter.Tests.Rules;

[TestClass]
public sealed class TimestepEmbeddingRuleTests
{
    public static IEnumerable<object[]> NearMisses =>
    [
        [new NearMiss("computed frequencies", () => Embedded(["n"], (g, t) => Cat(g, Sin(g, g.Op("Mul", Column(g, t), g.Input("f", Float, Pairs))), Cos(g))), "TimestepEmbedding", "neither factor of the angles ('unsqueeze_0' and 'f') is stored")],
        [new NearMiss("frequencies of each row", () => Embedded([2], (g, t) => Cat(g, Sin(g, g.Op("Mul", Column(g, t), g.Initializer("f", Float, [2, Pairs], 1, 2, 3, 4, 5, 6, 7, 8))), Cos(g))), "TimestepEmbedding", "the frequencies 'f' are [2,4], no vector")],
        [new NearMiss("a time for each column", () => Embedded(["n", Pairs], (g, t) => Cat(g, Sin(g, Angles(g, t)), Cos(g))), "TimestepEmbedding", "the times 't' are [n,4]; the op takes one for each row, [.., 1]")],
        [new NearMiss("one time without a row", () => Embedded([1], (g, t) => Cat(g, Sin(g, g.Op("Mul", t, g.Initializer("f", Float, [Pairs], 1, 2, 3, 4))), Cos(g)), to: [8]), "TimestepEmbedding", "the times 't' are [1]; the op takes one for each row, [.., 1]")],
        [new NearMiss("angles in half precision", () => Embedded(["n", 1], (g, t) => Cat(g, Sin(g, g.Op("Mul", t, g.Initializer("f", Float16, [Pairs], 1, 2, 3, 4))), Cos(g)), Float16, ["n", 8], Float16), "TimestepEmbedding", "the angles 'mul_0' are float16; the op computes them in float32")],
        [new NearMiss("angles in double precision", () => Embedded(["n", 1], (g, t) => g.Cast(Cat(g, Sin(g, g.Op("Mul", t, g.Initializer("f", DataType.Double, [Pairs], 1, 2, 3, 4))), Cos(g)), Float), Float, ["n", 8], DataType.Double), "TimestepEmbedding", "the angles 'mul_0' are float64; the op computes them in float32")],
    ];

    [TestMethod]
    [DynamicData(nameof(NearMisses))]
    public void LeavesNearMissAlone(NearMiss miss) => miss.Check();

    [TestMethod]
    public void HalvesOfDifferentAnglesAreLeftAlone() => LeftAlone(["n"], (g, t) =>
        Cat(g, Sin(g, Angles(g, Column(g, t))), g.Op("Cos", g.Op("Mul", "angles", g.Scalar("two", Float, 2)))));

    [TestMethod]
    public void TwoSinesAreLeftAlone() => LeftAlone(["n"], (g, t) => Cat(g, Sin(g, Angles(g, Column(g, t))), Sin(g)));

    [TestMethod]
    public void HalvesJoinedAsRowsAreLeftAlone() => LeftAlone([2], (g, t) => Cat(g, Sin(g, Angles(g, Column(g, t))), Cos(g), axis: 0), [4, Pairs]);

    [TestMethod]
    public void AnglesThatSomebodyElseReadsStay()
    {
        var model = Embedded(["n"], (g, t) =>
        {
            var y = Cat(g, Sin(g, Angles(g, Column(g, t))), Cos(g));
            g.Output(g.Op("Neg", "angles"), Float, "n", Pairs);
            return y;
        });
        var report = Rewriter.Rewrite(model, new RewriteOptions { CaptureSafe = false });
        Assert.IsEmpty(report.Sites);
        StringAssert.Contains(report.NotFused.Single(n => n.Rule == "TimestepEmbedding").Reason, "is also read by node");
    }

    [TestMethod]
    public void EmbeddingThatIsReadInTwoTypesKeepsTheCast()
    {
        var model = Embedded(["n"], (g, t) =>
        {
            var y = Cat(g, Sin(g, Angles(g, Column(g, t))), Cos(g));
            g.Output(g.Cast(y, Float16), Float16, "n", 2 * Pairs);
            return g.Op("Neg", y);
        });
        Rewriter.Rewrite(model, new RewriteOptions { CaptureSafe = false });
        var text = GraphText.Of(model);
        StringAssert.Contains(text, "concat_0 = com.flashrt::TimestepEmbedding(t, f.float32[4]) {output_dtype=float32}");
        StringAssert.Contains(text, "cast_0 = Cast(concat_0)");
    }

    private static void LeftAlone(IReadOnlyList<object> from, Func<GraphBuilder, string, string> finish, IReadOnlyList<object>? to = null)
    {
        var model = Embedded(from, finish, to: to);
        Assert.IsEmpty(Rewriter.Rewrite(model, new RewriteOptions { CaptureSafe = false }).Sites, GraphText.Of(model));
    }
}
