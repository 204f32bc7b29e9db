using FlashRt.Validation.Ops;

namespace FlashRt.Validation.Tests.Ops;

[TestClass]
public sealed class Float8Tests
{
    [TestMethod]
    [DataRow(0.0, 0x00)]
    [DataRow(1.0, 0x38)]
    [DataRow(-1.0, 0xB8)]
    [DataRow(448.0, 0x7E)]
    [DataRow(464.0, 0x7E)]
    [DataRow(1e6, 0x7E)]
    [DataRow(double.NegativeInfinity, 0xFE)]
    [DataRow(0.001953125, 0x01)]      // 2^-9
    [DataRow(0.0009765625, 0x00)]     // 2^-10, a tie to even
    [DataRow(0.0029296875, 0x02)]     // 3 * 2^-10, a tie to even
    [DataRow(0.015625, 0x08)]         // 2^-6
    [DataRow(17.0, 0x58)]             // a tie, 16
    [DataRow(19.0, 0x5A)]             // a tie, 20
    [DataRow(double.NaN, 0x7F)]
    public void Encode(double value, int code) => Assert.AreEqual((byte)code, Float8.Encode(value));

    [TestMethod]
    public void EveryCodeSurvives()
    {
        for (var code = 0; code < 256; code++)
            if ((code & 0x7F) != 0x7F)
                Assert.AreEqual((byte)code, Float8.Encode(Float8.Decode((byte)code)), $"0x{code:X2}");
    }

    [TestMethod]
    public void NeighboursAreOneStepApart()
    {
        for (var code = 0; code < 0x7E; code++)
            Assert.AreEqual(1, Float8.Ordinal(Float8.Decode((byte)(code + 1))) - Float8.Ordinal(Float8.Decode((byte)code)));
        Assert.AreEqual(0, Float8.Ordinal(-0.0));
    }

    [TestMethod]
    [DataRow(1.0, 0.0, 448.0)]            // a zero scale is floored
    [DataRow(double.NaN, 1.0, -448.0)]    // fmin and fmax
    [DataRow(10.0, 0.5, 20.0)]
    [DataRow(-1e9, 1.0, -448.0)]
    public void Scaled(double value, double scale, double expected) => Assert.AreEqual(expected, Float8.Scaled(value, scale));

    [TestMethod]
    public void WithoutAScaleNaNStays() => Assert.AreEqual(double.NaN, Float8.Scaled(double.NaN, null));
}
