using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;
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
