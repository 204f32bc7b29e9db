using FlashRt.Onnx.Catalog;
using FlashRt.Validation.Ops;

namespace FlashRt.Validation.Tests.Ops;

/// <summary>References on numbers that can be worked out by hand.</summary>
[TestClass]
public sealed class OpReferencesTests
{
    [TestMethod]
    public void EveryOpHasAReference()
    {
        foreach (var op in OpCatalog.Ops)
            Assert.IsTrue(OpReferences.Has(op.Name), op.Name);
    }

    [TestMethod]
    [DataRow("tanh", 1.0, 0.8411920)]
    [DataRow("tanh", -1.0, -0.1588080)]
    [DataRow("tanh", 3.0, 2.9963627)]
    [DataRow("none", 1.0, 0.8413447)]
    [DataRow("none", -3.0, -0.0040496940)]
    public void Gelu(string form, double x, double expected) =>
        Assert.AreEqual(expected, Compute("Gelu", ("approximate", form), ("X", [x]))[0].Values[0], 1.1e-7);

    [TestMethod]
    public void RmsNorm() =>
        CollectionAssert.AreEqual(new[] { 0.6, 0.8 }, Compute("RmsNorm", ("epsilon", 0.0), ("X", [3, 4]), ("weight", [Math.Sqrt(0.5), Math.Sqrt(0.5)]))[0].Values.Select(v => Math.Round(v, 12)).ToArray());

    [TestMethod]
    public void LayerNorm() =>
        CollectionAssert.AreEqual(new[] { -1.0, 1, 3 }, Compute("LayerNorm", ("epsilon", 0.0), ("X", [-1, 0, 1]), ("gamma", [Math.Sqrt(8 / 3.0), 1, Math.Sqrt(8 / 3.0)]), ("beta", [1, 1, 1]))[0].Values.Select(v => Math.Round(v, 12)).ToArray());

    [TestMethod]
    public void ResidualIsRoundedBeforeTheNormReadsIt()
    {
        // 2048 + 1 is a tie in half precision and rounds to 2048; the mean of squares still sees 2049.
        var outputs = Compute("AddRmsNorm", ElementType.Float16, ("epsilon", 0.0), ("residual", [2048]), ("x", [1]));
        Assert.AreEqual(2048, outputs[0].Rounded.Values[0]);
        Assert.AreEqual(2048.0 / 2049, outputs[1].Values[0], 1e-12);
        Assert.AreEqual(1.0, Compute("AddRmsNorm", ElementType.Float16, ("stash", "unrounded"), ("residual", [2048]), ("x", [1]))[1].Values[0], 1e-9);
    }

    [TestMethod]
    public void DynamicScaleIsTheLargestMagnitudeOver448()
    {
        var outputs = Compute("QuantizeFp8", ("dynamic", 1L), ("X", [-896, 448, double.NaN]));
        Assert.AreEqual(2, outputs[1].Values[0]);
        CollectionAssert.AreEqual(new[] { -448.0, 224, -448 }, outputs[0].Rounded.Values);
    }

    [TestMethod]
    public void RotationByAnAngle()
    {
        var signature = new OpSignature(OpCatalog.Get("RotaryEmbedding"), ElementType.Float32, ["X", "cos", "sin"], ["Y"], new Dictionary<string, object>());
        var y = OpReferences.Compute(new OpCall(signature, new Dictionary<string, OpTensor>
        {
            ["X"] = new(ElementType.Float32, [1, 1, 1, 2], [1, 0]),
            ["cos"] = new(ElementType.Float32, [1, 2], [Math.Cos(0.3), Math.Cos(0.3)]),
            ["sin"] = new(ElementType.Float32, [1, 2], [Math.Sin(0.3), Math.Sin(0.3)]),
        }))[0].Values;
        CollectionAssert.AreEqual(new[] { Math.Cos(0.3), Math.Sin(0.3) }, y);
    }

    private static IReadOnlyList<Expected> Compute(string op, (string Name, object Value) attribute, params (string Name, double[] Values)[] operands) =>
        Compute(op, ElementType.Float32, attribute, operands);

    private static IReadOnlyList<Expected> Compute(string op, ElementType type, (string Name, object Value) attribute, params (string Name, double[] Values)[] operands) =>
        OpReferences.Compute(new OpCall(
            new OpSignature(OpCatalog.Get(op), type, [.. operands.Select(o => o.Name)], [], new Dictionary<string, object> { [attribute.Name] = attribute.Value }),
            operands.ToDictionary(o => o.Name, o => new OpTensor(type, [o.Values.LongLength], o.Values))));
}
