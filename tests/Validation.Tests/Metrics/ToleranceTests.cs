namespace FlashRt.Validation.Tests.Metrics;

[TestClass]
public class ToleranceTests
{
    [TestMethod]
    public void GivenTolerancesMeanWhatNumpyMeans()
    {
        var tolerance = ModelTolerance.Of(DataType.Float, null).With(rtol: 0.1, atol: 0.01);
        Assert.IsTrue(Passed(1.109f, 1, tolerance));
        Assert.IsFalse(Passed(1.111f, 1, tolerance));
    }

    [TestMethod]
    public void DefaultsFollowTheSizeOfTheOutput()
    {
        foreach (var scale in new[] { 1e-4f, 1f, 1e4f })
        {
            Assert.IsTrue(Passed(1.01f * scale, scale, ModelTolerance.Of(DataType.Float16, null)), $"1 % at {scale}");
            Assert.IsFalse(Passed(1.1f * scale, scale, ModelTolerance.Of(DataType.Float16, null)), $"10 % at {scale}");
        }
    }

    [TestMethod]
    public void NarrowerTypesAreAllowedMore()
    {
        DataType[] types = [DataType.Float, DataType.Float16, DataType.Bfloat16, DataType.Float8E4M3Fn];
        foreach (var of in new Func<DataType, Tolerance>[] { t => ModelTolerance.Of(t, null), t => Tolerance.OfSite("RmsNorm", t) })
            for (var i = 1; i < types.Length; i++)
                Assert.IsGreaterThan(of(types[i - 1]).Rtol, of(types[i]).Rtol, types[i].ToString());
    }

    [TestMethod]
    public void OneSiteIsHeldToLessThanAWholeModel()
    {
        foreach (var type in new[] { DataType.Float, DataType.Float16, DataType.Bfloat16, DataType.Float8E4M3Fn })
            Assert.IsLessThan(ModelTolerance.Of(type, rounding: 0).Rtol, Tolerance.OfSite("Gelu", type).Rtol, type.ToString());
    }

    [TestMethod]
    public void ElementwiseOpsAreHeldToLessThanSums() =>
        Assert.IsLessThan(Tolerance.OfSite("AddRmsNorm", DataType.Float16).Scale, Tolerance.OfSite("GatedActivation", DataType.Float16).Scale);

    [TestMethod]
    public void AModelThatRoundsLittleIsAllowedLittle()
    {
        double Rtol(double? rounding) => ModelTolerance.Of(DataType.Float16, rounding).Rtol;
        Assert.AreEqual(8.0 / 2048, Rtol(0), "a few roundoffs always");
        Assert.AreEqual(0.009, Rtol(0.003), 1e-12, "three times what the model rounds");
        Assert.AreEqual(40.0 / 2048, Rtol(1), "never more than this");
        Assert.AreEqual(40.0 / 2048, Rtol(null), "when it is not known");
    }

    [TestMethod]
    public void TheSmallestStepOfTheTypeIsAllowed()
    {
        var tolerance = Tolerance.OfSite("Gelu", DataType.Float16);
        Assert.IsTrue(Passed(2 * 5.9605e-8f, 5.9605e-8f, tolerance));
        Assert.IsFalse(Passed(4 * 5.9605e-8f, 5.9605e-8f, tolerance));
    }

    private static bool Passed(float result, float reference, Tolerance tolerance) =>
        ErrorMetrics.Of(HostTensor.Of<float>([2], [result, reference]), HostTensor.Of<float>([2], [reference, reference]), tolerance).Passed;
}
