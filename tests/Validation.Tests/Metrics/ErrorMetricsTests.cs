namespace FlashRt.Validation.Tests.Metrics;

[TestClass]
public class ErrorMetricsTests
{
    private static readonly Tolerance Exact = Tolerance.None;

    [TestMethod]
    public void NumbersAreThoseOfTheDefinition()
    {
        // Reference RMS: sqrt((9 + 16) / 2) = 3.5355.
        var m = ErrorMetrics.Of(Floats(3, 5), Floats(3, 4), new Tolerance(0.1, 0.5, 0));
        Assert.AreEqual(1, m.MaxAbs);
        Assert.AreEqual(1 / 4.0, m.MaxRel, 1e-12);
        Assert.AreEqual(Math.Sqrt(12.5), m.Rms, 1e-12);
        Assert.AreEqual(29 / (Math.Sqrt(34) * 5), m.Cosine, 1e-12);
        Assert.AreEqual(1 / 0.9, m.Excess, 1e-12);
        Assert.IsFalse(m.Passed);
    }

    [TestMethod]
    public void RelativeErrorOfSmallElementsIsTakenAgainstTheRms()
    {
        var m = ErrorMetrics.Of(Floats(10, 0.1f), Floats(10, 0), Exact);
        Assert.AreEqual(0.1 / Math.Sqrt(50), m.MaxRel, 1e-6);
    }

    [TestMethod]
    public void EqualTensorsPassEvenTheZeroTolerance()
    {
        var m = ErrorMetrics.Of(Floats(1, -2, 0), Floats(1, -2, 0), Exact);
        Assert.IsTrue(m.Passed);
        Assert.AreEqual((0.0, 0.0, 1.0), (m.MaxAbs, m.MaxRel, Math.Round(m.Cosine, 12)));
    }

    [TestMethod]
    public void ZeroAgainstZeroIsEqual()
    {
        var m = ErrorMetrics.Of(Floats(0, 0), Floats(0, 0), ModelTolerance.Of(DataType.Float, null));
        Assert.IsTrue(m.Passed);
        Assert.AreEqual(1, m.Cosine);
    }

    [TestMethod]
    public void AnErrorAgainstAnAllZeroReferenceFailsWithFiniteNumbers()
    {
        var m = ErrorMetrics.Of(Floats(0, 1e-3f), Floats(0, 0), ModelTolerance.Of(DataType.Float16, null));
        Assert.IsFalse(m.Passed);
        Assert.IsTrue(double.IsFinite(m.MaxRel) && double.IsFinite(m.Excess));
        Assert.AreEqual(0, m.Cosine);
    }

    [TestMethod]
    public void SameNaNsAndInfinitiesAreEqual()
    {
        var m = ErrorMetrics.Of(Floats(float.NaN, float.PositiveInfinity, 1), Floats(float.NaN, float.PositiveInfinity, 1), Exact);
        Assert.IsTrue(m.Passed);
    }

    [TestMethod]
    [DataRow(float.NaN, 1f)]
    [DataRow(1f, float.NaN)]
    [DataRow(float.PositiveInfinity, float.NegativeInfinity)]
    [DataRow(1f, float.PositiveInfinity)]
    public void OtherNonFiniteElementsFailWithFiniteNumbers(float result, float reference)
    {
        var m = ErrorMetrics.Of(Floats(result, 2), Floats(reference, 2), new Tolerance(1e9, 1e9, 0));
        Assert.IsFalse(m.Passed);
        Assert.AreEqual(1, m.NonFinite);
        Assert.AreEqual(0, m.MaxAbs);
    }

    [TestMethod]
    public void TypesMayDiffer()
    {
        var halves = Floats(1, 2.5f).Cast(DataType.Float16);
        Assert.IsTrue(ErrorMetrics.Of(halves, Floats(1, 2.5f), Exact).Passed);
        Assert.IsTrue(ErrorMetrics.Of(Floats(1, 2.5f).Cast(DataType.Bfloat16), Floats(1, 2.5f), Exact).Passed);
    }

    [TestMethod]
    public void ShapesMayNotDiffer() =>
        Assert.ThrowsExactly<ValidationException>(() => ErrorMetrics.Of(Floats(1, 2), HostTensor.Of<float>([2, 1], [1, 2]), Exact));

    [TestMethod]
    public void LongTensorsAreReadToTheLastElement()
    {
        var values = new float[10_001];
        var other = (float[])values.Clone();
        other[^1] = 1;
        Assert.AreEqual(1, ErrorMetrics.Of(Floats(other), Floats(values), Exact).MaxAbs);
    }

    private static HostTensor Floats(params float[] values) => HostTensor.Of<float>([values.Length], values);
}
