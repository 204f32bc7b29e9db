using FlashRt.Validation.Ops;

namespace FlashRt.Validation.Tests.Ops;

[TestClass]
public sealed class OutputCheckTests
{
    private static readonly double[] NoNoise = [0, 0, 0];

    [TestMethod]
    [DataRow(2, true)]
    [DataRow(3, false)]
    public void FloatsMayBeTwoUnitsOff(int units, bool passes)
    {
        var check = Check(new Expected(ElementType.Float16, [3], [1, 2, 3], NoNoise), 1, 2 + units * Rounding.Ulp(ElementType.Float16, 2), 3);
        Assert.AreEqual(passes, check.Passed, check.Failure);
        Assert.AreEqual(2 * Rounding.Ulp(ElementType.Float16, 2), check.Tolerance, 1e-12);
    }

    [TestMethod]
    public void NoiseWidensTheTolerance() =>
        Assert.IsTrue(Check(new Expected(ElementType.Float16, [3], [1, 2, 3], [0, 0.1, 0]), 1, 2.1, 3).Passed);

    [TestMethod]
    [DataRow(double.NaN, 2.0)]
    [DataRow(2.0, double.NaN)]
    [DataRow(double.PositiveInfinity, 2.0)]
    [DataRow(double.PositiveInfinity, double.NegativeInfinity)]
    [DataRow(1.0, double.PositiveInfinity)]
    public void SpecialValuesMustAgree(double wanted, double got)
    {
        var check = Check(new Expected(ElementType.Float32, [3], [1, wanted, 3]), 1, got, 3);
        Assert.IsFalse(check.Passed);
        StringAssert.Contains(check.Failure, "element [1]");
    }

    [TestMethod]
    public void EqualSpecialValuesPass() =>
        Assert.IsTrue(Check(new Expected(ElementType.Float32, [3], [double.NaN, double.PositiveInfinity, 0]), double.NaN, double.PositiveInfinity, -0.0).Passed);

    [TestMethod]
    [DataRow(1.125, true)]   // the next code
    [DataRow(1.25, false)]   // the one after it
    [DataRow(double.NaN, false)]
    public void CodesMayBeOneStepOff(double got, bool passes) =>
        Assert.AreEqual(passes, Check(new Expected(ElementType.Float8E4M3, [3], [1, 1, 3], NoNoise), 1, got, 3).Passed);

    [TestMethod]
    public void MostCodesMustBeExact()
    {
        var expected = new Expected(ElementType.Float8E4M3, [300], [.. Enumerable.Repeat(1.0, 300)], new double[300]);
        double[] Differing(int count) => [.. Enumerable.Range(0, 300).Select(i => i < count ? 1.125 : 1.0)];
        Assert.IsTrue(OutputCheck.Of(expected, new OpTensor(ElementType.Float32, [300], Differing(3))).Passed);
        Assert.IsFalse(OutputCheck.Of(expected, new OpTensor(ElementType.Float32, [300], Differing(4))).Passed);
    }

    [TestMethod]
    public void ExactMeansTheSignOfZeroToo() =>
        Assert.IsFalse(Check(Expected.Exactly(ElementType.Float32, [3], [1, 0.0, 3]), 1, -0.0, 3).Passed);

    [TestMethod]
    public void ShapesMustAgree() =>
        StringAssert.Contains(OutputCheck.Of(new Expected(ElementType.Float32, [3, 1], [1, 2, 3]), new OpTensor(ElementType.Float32, [3], [1, 2, 3])).Failure, "[3, 1] expected, got [3]");

    private static OutputCheck Check(Expected expected, params double[] actual) => OutputCheck.Of(expected, new OpTensor(OpModel.Outside(expected.Type), [3], actual));
}
