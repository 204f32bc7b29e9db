using FlashRt.Validation.Ops;

namespace FlashRt.Validation.Tests.Ops;

[TestClass]
public sealed class RoundingTests
{
    [TestMethod]
    [DataRow(1.0 + 1.0 / 2048, 1.0)]                     // tie to even
    [DataRow(1.0 + 3.0 / 2048, 1.0 + 2.0 / 1024)]        // tie to even, upwards
    [DataRow(65519.0, 65504.0)]
    [DataRow(65520.0, double.PositiveInfinity)]
    [DataRow(-1e9, double.NegativeInfinity)]
    [DataRow(5.960464477539063e-8, 5.960464477539063e-8)] // smallest subnormal
    [DataRow(2.9e-8, 0.0)]
    [DataRow(double.NaN, double.NaN)]
    public void Float16(double value, double expected) => Assert.AreEqual(expected, Rounding.To(ElementType.Float16, value));

    [TestMethod]
    public void Float16AgreesWithTheRuntime()
    {
        var random = new Random(1);
        for (var i = 0; i < 100_000; i++)
        {
            var value = (random.NextDouble() - 0.5) * Math.Pow(2, random.Next(-26, 18));
            Assert.AreEqual((double)(Half)value, Rounding.To(ElementType.Float16, value), $"{value:r}");
        }
    }

    [TestMethod]
    public void Float32AgreesWithTheRuntime()
    {
        var random = new Random(2);
        for (var i = 0; i < 100_000; i++)
        {
            var value = (random.NextDouble() - 0.5) * Math.Pow(2, random.Next(-150, 120));
            Assert.AreEqual((double)(float)value, Rounding.To(ElementType.Float32, value), $"{value:r}");
        }
    }

    [TestMethod]
    [DataRow(1.00390625, 1.0)]      // tie to even
    [DataRow(1.01171875, 1.015625)] // tie to even, upwards
    [DataRow(3.4e38, double.PositiveInfinity)]
    [DataRow(-0.0, -0.0)]
    public void BFloat16(double value, double expected) => Assert.AreEqual(expected, Rounding.To(ElementType.BFloat16, value));

    [TestMethod]
    [DataRow(ElementType.Float16, 1.0, 0.0009765625)]
    [DataRow(ElementType.Float16, 1.999, 0.0009765625)]
    [DataRow(ElementType.BFloat16, 2.0, 0.015625)]
    [DataRow(ElementType.Float8E4M3, 0.001, 0.001953125)]
    [DataRow(ElementType.Float16, 0.0, 5.960464477539063e-8)]
    public void Ulp(ElementType type, double value, double expected) => Assert.AreEqual(expected, Rounding.Ulp(type, value));
}
