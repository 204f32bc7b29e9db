namespace FlashRt.Validation.Tests.Data;

[TestClass]
public class RandomInputsTests
{
    [TestMethod]
    [DataRow(DataType.Float)]
    [DataRow(DataType.Float16)]
    [DataRow(DataType.Bfloat16)]
    public void FloatsAreNormalAndNeverZero(DataType type)
    {
        var values = Make(g => g.Input("x", type, 100, 100))["x"].ToDoubles();
        Assert.IsFalse(values.Contains(0));
        Assert.AreEqual(0, values.Average(), 0.05);
        Assert.AreEqual(1, Math.Sqrt(values.Average(v => v * v)), 0.05);
    }

    [TestMethod]
    public void TheSameSeedGivesTheSameNumbers()
    {
        double[] Values(int seed) => Make(g => g.Input("x", DataType.Float, 8), seed)["x"].ToDoubles();
        CollectionAssert.AreEqual(Values(3), Values(3));
        CollectionAssert.AreNotEqual(Values(3), Values(4));
    }

    [TestMethod]
    [DataRow(DataType.Float16, 1L, 1L << 28)]
    [DataRow(DataType.Int64, 1L, 1L << 28)]
    [DataRow(DataType.Int64, 1L << 32, 1L << 32)]
    public void TooManyElementsAreRefused(DataType type, long rows, long columns) =>
        StringAssert.Contains(Assert.ThrowsExactly<ValidationException>(() => Make(g => g.Input("x", type, rows, columns))).Message, $"'x' is [{rows},{columns}]");

    [TestMethod]
    public void TokenIdsStayBelowTheEmbeddingTheyIndex()
    {
        var ids = Make(g =>
        {
            g.Input("input_ids", DataType.Int32, 1, 500);
            g.Initializer("table", DataType.Float, [7, 1], new double[7]);
            g.Op("Gather", "table", g.Cast(g.Op("Identity", "input_ids"), DataType.Int64));
        })["input_ids"].ToDoubles();
        CollectionAssert.AreEquivalent(Enumerable.Range(0, 7).Select(i => (double)i).ToArray(), ids.Distinct().ToArray());
    }

    [TestMethod]
    public void TheGatherAxisSaysWhichDimensionCounts()
    {
        var ids = Make(g =>
        {
            g.Input("i", DataType.Int64, 200);
            g.Initializer("table", DataType.Float, [2, 5], new double[10]);
            g.Node("Gather", ["table", "i"], [("axis", 1L)]);
        })["i"].ToDoubles();
        Assert.AreEqual(4, ids.Max());
    }

    [TestMethod]
    public void PositionsCountUpAndMasksLetEverythingThrough()
    {
        var inputs = Make(g =>
        {
            g.Input("position_ids", DataType.Int64, 2, 3);
            g.Input("attention_mask", DataType.Int64, 1, 2);
            g.Input("bias_mask", DataType.Float, 2);
            g.Input("flag", DataType.Bool, 1);
        });
        CollectionAssert.AreEqual(new double[] { 0, 1, 2, 0, 1, 2 }, inputs["position_ids"].ToDoubles());
        CollectionAssert.AreEqual(new double[] { 1, 1 }, inputs["attention_mask"].ToDoubles());
        CollectionAssert.AreEqual(new double[] { 1, 1 }, inputs["bias_mask"].ToDoubles());
        CollectionAssert.AreEqual(new double[] { 1 }, inputs["flag"].ToDoubles());
    }

    [TestMethod]
    public void PositionsStayInsideTheTableTheyIndex()
    {
        var positions = Make(g =>
        {
            g.Input("position_ids", DataType.Int64, 1, 10);
            g.Initializer("table", DataType.Float, [4, 1], new double[4]);
            g.Op("Gather", "table", "position_ids");
        })["position_ids"].ToDoubles();
        Assert.AreEqual(3, positions.Max());
    }

    [TestMethod]
    public void InputsWithADefaultAreLeftOut()
    {
        var inputs = Make(g =>
        {
            g.Input("x", DataType.Float, 1);
            g.Input("w", DataType.Float, 1);
            g.Initializer("w", DataType.Float, [1], 1);
        });
        CollectionAssert.AreEqual(new[] { "x" }, inputs.Keys.ToArray());
    }

    [TestMethod]
    public void SmallIntegersAreNeverZero()
    {
        var image = Make(g => g.Input("image", DataType.Uint8, 1000))["image"].ToDoubles();
        Assert.IsGreaterThan(0, image.Min());
    }

    private static IReadOnlyDictionary<string, HostTensor> Make(Action<GraphBuilder> build, int seed = 0)
    {
        var g = new GraphBuilder();
        build(g);
        return RandomInputs.For(g.Build(), seed: seed);
    }
}
