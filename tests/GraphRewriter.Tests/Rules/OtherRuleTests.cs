using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;
using static FlashRt.GraphRewriter.Tests.Spellings.ActivationSpellings;
using static FlashRt.GraphRewriter.Tests.Spellings.NormSpellings;

namespace FlashRt.GraphRewriter.Tests.Rules;

[TestClass]
public sealed class LayerNormRuleTests
{
    [TestMethod]
    public void MeanOutputInUseIsLeftAlone()
    {
        var g = new GraphBuilder(17);
        var x = g.Input("x", Float16, 2, Width);
        g.Node("LayerNormalization", [x, g.Initializer("w", Float16, [Width], Ramp(Width))], [("axis", -1)], ["y", "mean"]);
        g.Output("y", Float16, 2, Width);
        g.Output("mean", Float, 2, 1);
        new NearMiss("mean", g.Build, "LayerNorm", "no use of the mean and variance outputs").Check();
    }

    [TestMethod]
    public void SeveralAxesAreLeftAlone()
    {
        var g = new GraphBuilder(17);
        g.Node("LayerNormalization", [g.Input("x", Float, 2, 3, 4), g.Initializer("w", Float, [3, 4], Ramp(12))], [("axis", 1)], ["y"]);
        g.Output("y", Float, 2, 3, 4);
        new NearMiss("axis", g.Build, "LayerNorm", "normalisation of the last axis only").Check();
    }

    [TestMethod]
    public void LayerNormIsNotTakenForAnRmsNormOfItsCentredInput()
    {
        var written = Spellings.NormSpellings.All.First(s => s.Name == "layer norm, written out").Model();
        Assert.AreEqual("LayerNorm", Rewriter.Rewrite(written, new RewriteOptions()).Sites.Single().Op);
    }
}

[TestClass]
public sealed class GeluRuleTests
{
    public static IEnumerable<object[]> NearMisses =>
    [
        [new NearMiss("another cubic factor", () => Unary((g, x) => Mul(g, x, Half(g), One(g, Cubic(g, x, 0.05)))), "Gelu", "found the constant 0.049988")],
        [new NearMiss("second power", () => Unary((g, x) => Mul(g, x, Half(g), One(g, Tanh(g, x, pow: true, exponent: 2)))), "Gelu", "expected the constant 3")],
        [new NearMiss("another x outside", () => Unary((g, x) => Mul(g, g.Op("Neg", x), Half(g), One(g, Erf(g, x, "Div")))), "Gelu", "expected 'neg_0' again, found the graph input x")],
        [new NearMiss("erf without one", () => Unary((g, x) => Mul(g, x, Half(g), g.Op("Sub", Erf(g, x, "Div"), g.Scalar("one", Float16, 1)))), "Gelu", "expected Add, found Sub (node 'node_Sub_0')")],
    ];

    [TestMethod]
    [DynamicData(nameof(NearMisses))]
    public void LeavesNearMissAlone(NearMiss miss) => miss.Check();

    [TestMethod]
    public void BiasOfAnotherWidthIsLeftAlone()
    {
        var model = Unary((g, x) => g.Op("Gelu", g.Op("Add", x, g.Initializer("b", Float16, [1], 0.5))));
        new NearMiss("bias of one", () => model, "GeluBias", "the bias 'b' is [1]; x ends in 8").Check();
    }

    private static string Cubic(GraphBuilder g, string x, double factor)
    {
        var inner = g.Op("Add", x, g.Op("Mul", g.Scalar("c", Float16, factor), g.Op("Pow", x, g.Scalar("three", Float16, 3))));
        return g.Op("Tanh", g.Op("Mul", g.Scalar("k", Float16, 0.79788456), inner));
    }
}

[TestClass]
public sealed class GatedActivationRuleTests
{
    [TestMethod]
    public void BroadcastUpIsLeftAlone()
    {
        var g = new GraphBuilder(20);
        var (gate, up) = (g.Input("gate", Float16, 2, "seq", Width), g.Input("up", Float16, 2, 1, Width));
        g.Node("Mul", [g.Op("Gelu", gate), up], outputs: ["y"]);
        g.Output("y", Float16, 2, "seq", Width);
        new NearMiss("broadcast", g.Build, "GatedActivation", "are not provably of one shape").Check();
    }

    [TestMethod]
    public void ReusedActivationIsLeftAlone()
    {
        var g = new GraphBuilder(20);
        var (gate, up) = (g.Input("gate", Float16, 2, Width), g.Input("up", Float16, 2, Width));
        var a = g.Op("Gelu", gate);
        g.Node("Mul", [a, up], outputs: ["y"]);
        g.Output("y", Float16, 2, Width);
        g.Output(a, Float16, 2, Width);
        new NearMiss("reused", g.Build, "GatedActivation", "is a graph output").Check();
    }

    [TestMethod]
    public void SplitReadByOthersKeepsTheHalvesApart()
    {
        var g = new GraphBuilder(20);
        g.Node("Split", [g.Input("x", Float16, 2, Width)], [("axis", -1), ("num_outputs", 2)], ["a", "b"]);
        g.Node("Mul", [g.Op("Gelu", "a"), "b"], outputs: ["y"]);
        g.Output("y", Float16, 2, Width / 2);
        g.Output("b", Float16, 2, Width / 2);
        var text = Spellings.Spelling.Rewritten(g.Build(), out _);
        StringAssert.Contains(text, "a, b = Split(x)");
        StringAssert.Contains(text, "y = com.flashrt::GatedActivation(a, b)");
    }
}

[TestClass]
public sealed class AddNormRuleTests
{
    [TestMethod]
    public void BroadcastSumIsLeftAlone()
    {
        var g = new GraphBuilder(23);
        var sum = g.Op("Add", g.Input("x", Float16, 2, 3, Width), g.Input("position", Float16, 1, 3, Width));
        g.Node("RMSNormalization", [sum, g.Initializer("w", Float16, [Width], Ramp(Width))], [("epsilon", 1e-6f)], ["y"]);
        g.Output("y", Float16, 2, 3, Width);
        new NearMiss("broadcast", g.Build, "AddRmsNorm", "are not provably of one shape ([2,3,8] and [1,3,8])").Check();
    }

    [TestMethod]
    public void FusedNodeThatWouldWaitForItselfIsLeftAlone()
    {
        var g = new GraphBuilder(23);
        var x = g.Input("x", Float16, 2, Width);
        var sum = g.Op("Add", x, x);
        var w = g.Node("ReduceMax", [sum, g.Integers("axes", 0)], [("keepdims", 0)])[0];
        g.Node("RMSNormalization", [sum, w], [("epsilon", 1e-6f)], ["y"]);
        g.Output("y", Float16, 2, Width);
        new NearMiss("cycle", g.Build, "AddRmsNorm", "an input of the fused node is computed from its output").Check();
    }
}

[TestClass]
public sealed class RotaryEmbeddingRuleTests
{
    public static IEnumerable<object[]> NearMisses =>
    [
        [new NearMiss("tables whose halves differ", () => Spellings.RotarySpellings.Rope(1, "Slice", computed: false, repeated: false), "RotaryEmbedding", "the two halves of the table 'cos' are not provably the same")],
        [new NearMiss("cut off the middle", () => Spellings.RotarySpellings.Rope(1, "Slice", computed: false, splitAt: 1), "RotaryEmbedding", "expected ")],
    ];

    [TestMethod]
    [DynamicData(nameof(NearMisses))]
    public void LeavesNearMissAlone(NearMiss miss) => miss.Check();
}
