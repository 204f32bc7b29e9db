using FlashRt.Onnx.Runtime;

namespace FlashRt.Onnx.Tests.Runtime;

[TestClass]
public class SelfCheckTests
{
    [TestMethod]
    public void MeasuresTheRelativeError()
    {
        Assert.AreEqual(0, Error<float>([1, float.NaN, float.PositiveInfinity], [1, float.NaN, float.PositiveInfinity]));
        Assert.AreEqual(0.1, Error<float>([3.5f, 4], [3, 4]), 1e-12);
        Assert.AreEqual(double.PositiveInfinity, Error<float>([1, float.NaN], [1, 2]));
        Assert.AreEqual(double.PositiveInfinity, Error<float>([1, 2], [1, float.PositiveInfinity]));
        Assert.AreEqual(double.PositiveInfinity, Error<float>([1], [0]));
        Assert.AreEqual(0.25, Error([(Half)2.5], [(Half)2]), 1e-12);
        Assert.AreEqual(0.25, Error([(BFloat16)2.5f], [(BFloat16)2f]), 1e-12);
        Assert.AreEqual(0, Error<long>([1, 2], [1, 2]));
        Assert.AreEqual(double.PositiveInfinity, Error<long>([1, 2], [1, 3]));
        Assert.AreEqual(double.PositiveInfinity, Error<bool>([true], [false]));
    }

    private static double Error<T>(T[] actual, T[] expected) where T : unmanaged
    {
        using DeviceTensor<T> a = DeviceTensor.From<T>(actual, [actual.Length]), e = DeviceTensor.From<T>(expected, [expected.Length]);
        return SelfCheck.Error(a, e);
    }
}
