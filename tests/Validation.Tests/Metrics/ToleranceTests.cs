namespace FlashRt.Validation.Tests.Metrics;

[TestClass]
public class ToleranceTests
{
    [TestMethod]
    public void GivenTolerancesMeanWhatNumpyMeans()
    {
        var tolerance = Tolerance.OfModel(DataType.Float).With(rtol: 0.1, atol: 0.01);
        Assert.IsTrue(Passed(1.109f, 1, tolerance));
        Assert.IsFalse(Passed(1.111f, 1, tolerance));
    }

    [TestMethod]
    public void DefaultsFollowTheSizeOfTheOutput()
    {
        foreach (var scale in new[] { 1e-4f, 1f, 1e4f })
        {
            Assert.IsTrue(Passed(1.01f * scale, scale, Tolerance.OfModel(DataType.Float16)), $"1 % at {scale}");
            Assert.IsFalse(Passed(1.1f * scale, scale, Tolerance.OfModel(DataType.Float16)), $"10 % at {scale}");
        }
    }

    [TestMethod]
    public void NarrowerTypesAreAllowedMore()
    {
        DataType[] types = [DataType.Float, DataType.Float16, DataType.Bfloat16, DataType.Float8E4M3Fn];
        foreach (var of in new[] { Tolerance.OfModel, (Func<DataType, Tolerance>)Tolerance.OfSite })
            for (var i = 1; i < types.Length; i++)
                Assert.IsGreaterThan(of(types[i - 1]).Rtol, of(types[i]).Rtol, types[i].ToString());
    }

    [TestMethod]
    public void OneSiteIsHeldToLessThanAWholeModel()
    {
        foreach (var type in new[] { DataType.Float, DataType.Float16, DataType.Bfloat16, DataType.Float8E4M3Fn })
            Assert.IsLessThan(Tolerance.OfModel(type).Rtol, Tolerance.OfSite(type).Rtol, type.ToString());
    }

    private static bool Passed(float result, float reference, Tolerance tolerance) =>
        ErrorMetrics.Of(HostTensor.Of<float>([2], [result, reference]), HostTensor.Of<float>([2], [reference, reference]), tolerance).Passed;
}
