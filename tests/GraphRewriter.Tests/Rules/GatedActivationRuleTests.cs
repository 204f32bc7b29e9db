using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;
using static FlashRt.GraphRewriter.Tests.Spellings.NormSpellings;

namespace FlashRt.GraphRewriter.Tests.Rules;

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
    public void SquareOfReluIsLeftAlone()
    {
        var g = new GraphBuilder(20);
        var a = g.Op("Relu", g.Input("x", Float16, 2, Width));
        g.Node("Mul", [a, a], outputs: ["y"]);
        g.Output("y", Float16, 2, Width);
        Assert.AreEqual(0, Rewriter.Rewrite(g.Build(), new RewriteOptions()).Sites.Count);
    }

    [TestMethod]
    public void ClampedGateIsLeftAlone()
    {
        var g = new GraphBuilder(20);
        var gate = g.Op("Clip", g.Input("gate", Float16, 2, Width), "", g.Scalar("limit", Float16, 7));
        var glu = g.Op("Mul", gate, g.Op("Sigmoid", g.Op("Mul", gate, g.Scalar("alpha", Float16, 1.5))));
        g.Node("Mul", [glu, g.Input("up", Float16, 2, Width)], outputs: ["y"]);
        g.Output("y", Float16, 2, Width);
        Assert.IsFalse(Rewriter.Rewrite(g.Build(), new RewriteOptions()).Sites.Any(s => s.Op == "Gelu"), "the factor of GELU is 1.702");
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
