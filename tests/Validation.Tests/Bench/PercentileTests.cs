namespace FlashRt.Validation.Tests.Bench;

[TestClass]
public class PercentileTests
{
    [TestMethod]
    public void ValuesAreThoseOfLinearInterpolation()
    {
        double[] samples = [40, 10, 30, 20];  // numpy.percentile gives 25, 37 and 10
        Assert.AreEqual(25, Percentile.Of(samples, 0.5), 1e-12);
        Assert.AreEqual(37, Percentile.Of(samples, 0.9), 1e-12);
        Assert.AreEqual(10, Percentile.Of(samples, 0), 1e-12);
        Assert.AreEqual(40, Percentile.Of(samples, 1), 1e-12);
        Assert.AreEqual(5, Percentile.Of([5.0], 0.9), 1e-12);
    }

    [TestMethod]
    public void NonsenseIsRefused()
    {
        Assert.ThrowsExactly<ArgumentException>(() => Percentile.Of([], 0.5));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Percentile.Of([1], 1.1));
    }
}
