using FlashRt.GraphRewriter.Tests.Spellings;
using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;
using static FlashRt.GraphRewriter.Tests.Spellings.ModulationSpellings;
using static FlashRt.GraphRewriter.Tests.Spellings.NormSpellings;

namespace FlashRt.GraphRewriter.Tests.Rules;

[TestClass]
public sealed class ModulationRuleTests
{
    public static IEnumerable<object[]> NearMisses =>
    [
        [new NearMiss("scale by token", () => Ada((g, n) => Modulated(g, n, g.Input("scale", Float, 1, "seq", Width), Row(g, "shift"))), "AdaLayerNorm", "the operand 'scale' ([1,seq,8]) is neither one vector nor one for each batch of x ([2,seq,8])")],
        [new NearMiss("scale of one channel", () => Ada((g, n) => Modulated(g, n, g.Input("scale", Float, 2, 1, 1), Row(g, "shift"))), "AdaLayerNorm", "([2,1,1]) is neither")],
        [new NearMiss("gate by token", () => Gated((g, x, r) => g.Op("Add", r, g.Op("Mul", x, g.Input("gate", Float, 2, "seq", Width)))), "GatedResidual", "the operand 'gate' ([2,seq,8]) is neither")],
        [new NearMiss("branch that broadcasts", () => Gated((g, _, r) => g.Op("Add", r, g.Op("Mul", g.Input("z", Float, 2, 1, Width), Row(g, "gate")))), "GatedResidual", "are not provably of one shape")],
    ];

    [TestMethod]
    [DynamicData(nameof(NearMisses))]
    public void LeavesNearMissAlone(NearMiss miss) => miss.Check();

    [TestMethod]
    public void ShiftThatDoesNotFitStaysOutside()
    {
        var text = Spelling.Rewritten(Ada((g, n) => Modulated(g, n, Row(g, "scale"), g.Input("shift", Float, 2, "seq", Width))), out _);
        StringAssert.Contains(text, "mul_0 = com.flashrt::AdaLayerNorm(x, scale)");
        StringAssert.Contains(text, "y = Add(mul_0, shift)");
    }

    [TestMethod]
    public void StyleInAnotherOrderIsReadInParts() =>
        StringAssert.Contains(Spelling.Rewritten(Style(gated: false, scaleIs: 1), out _), "y = com.flashrt::AdaRmsNorm(x, _, _, b, a)");

    [TestMethod]
    public void NumberAsAGateStaysInTheSum()
    {
        var text = Spelling.Rewritten(Gated((g, x, r) => Norm(g, g.Op("Add", r, g.Op("Mul", x, g.Scalar("half", Float, 0.5))), affine: true)), out _);
        StringAssert.Contains(text, "add_0 = com.flashrt::ResidualAdd(residual, x, 0.5)");
        StringAssert.Contains(text, "y = com.flashrt::LayerNorm(add_0, w)");
    }

    [TestMethod]
    public void NormWithParametersKeepsThem() => StringAssert.Contains(
        Spelling.Rewritten(Gated((g, x, _) => Modulated(g, Norm(g, x, affine: true), Row(g, "scale"), Row(g, "shift"))), out _),
        "y = com.flashrt::AdaLayerNorm(x, scale, shift, w)");

    [TestMethod]
    public void TwoMinusTheScaleIsNoModulation()
    {
        var text = Spelling.Rewritten(Ada((g, n) => g.Op("Add", g.Op("Mul", n, g.Op("Add", Row(g, "scale"), g.Scalar("two", Float, 2))), Row(g, "shift"))), out _);
        Assert.IsFalse(text.Contains("AdaLayerNorm", StringComparison.Ordinal), text);
    }

    [TestMethod]
    public void RotationOfOneTokenIsNoGatedResidual()
    {
        var text = Spelling.Rewritten(Gated((g, x, r) => g.Op("Add", g.Op("Mul", r, Row(g, "cos")), g.Op("Mul", x, Row(g, "sin")))), out var report);
        Assert.AreEqual(0, report.Sites.Count, text);
    }

    [TestMethod]
    public void GateOfTheStyleStaysAvailable()
    {
        var text = Spelling.Rewritten(Style(gated: true), out _);
        StringAssert.Contains(text, "a, b, c = Split(unsqueeze_0)");
        StringAssert.Contains(text, "y = com.flashrt::AdaRmsNorm(x, unsqueeze_0)");
    }
}
