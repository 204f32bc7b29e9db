using FlashRt.Validation.Ops;

namespace FlashRt.Validation.Tests.Ops;

[TestClass]
public sealed class Nvfp4Tests
{
    [TestMethod]
    [DataRow(0.0, 0x00)]
    [DataRow(1.0, 0x38)]
    [DataRow(1.0001, 0x39)]
    [DataRow(0.015, 0x08)]
    [DataRow(1e-9, 0x01)]
    [DataRow(240.0, 0x77)]
    [DataRow(300.0, 0x7E)]
    public void BlockScale(double want, int code) => Assert.AreEqual((byte)code, Nvfp4.EncodeScale(want));

    [TestMethod]
    [DataRow(0.2499, 0)]
    [DataRow(0.25, 1)]
    [DataRow(0.75, 2)]
    [DataRow(1.25, 3)]
    [DataRow(1.75, 4)]
    [DataRow(2.5, 5)]
    [DataRow(3.5, 6)]
    [DataRow(5.0, 7)]
    [DataRow(100.0, 7)]
    [DataRow(-0.25, 9)]
    public void Element(double value, int code) => Assert.AreEqual(code, Nvfp4.Encode(value));

    [TestMethod]
    [DataRow(0L, 0L, 0L)]
    [DataRow(1L, 0L, 16L)]
    [DataRow(32L, 0L, 4L)]
    [DataRow(0L, 4L, 512L)]
    [DataRow(33L, 5L, 533L)]
    [DataRow(127L, 7L, 1023L)]
    [DataRow(128L, 0L, 1024L)]
    public void Swizzle(long row, long block, long offset) => Assert.AreEqual(offset, Nvfp4.SwizzledOffset(row, block, cols: 128));
}
