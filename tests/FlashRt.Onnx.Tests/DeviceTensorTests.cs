namespace FlashRt.Onnx.Tests;

[TestClass]
public class DeviceTensorTests
{
    [TestMethod]
    public void CopiesEveryType()
    {
        RoundTrip<float>(TensorElementType.Float, 1.5f, float.NaN, -3);
        RoundTrip<double>(TensorElementType.Double, 1.5, -2, 3);
        RoundTrip<Half>(TensorElementType.Float16, (Half)1.5, Half.NegativeInfinity, Half.Epsilon);
        RoundTrip<Float16>(TensorElementType.Float16, (Float16)1.5f, (Float16)(-2f), Float16.Zero);
        RoundTrip<BFloat16>(TensorElementType.BFloat16, (BFloat16)1.5f, (BFloat16)(-2f), BFloat16.Zero);
        RoundTrip<sbyte>(TensorElementType.Int8, 1, -128, 127);
        RoundTrip<byte>(TensorElementType.UInt8, 1, 0, 255);
        RoundTrip<short>(TensorElementType.Int16, 1, short.MinValue, 3);
        RoundTrip<ushort>(TensorElementType.UInt16, 1, ushort.MaxValue, 3);
        RoundTrip<int>(TensorElementType.Int32, 1, int.MinValue, 3);
        RoundTrip<uint>(TensorElementType.UInt32, 1, uint.MaxValue, 3);
        RoundTrip<long>(TensorElementType.Int64, 1, long.MinValue, 3);
        RoundTrip<ulong>(TensorElementType.UInt64, 1, ulong.MaxValue, 3);
        RoundTrip<bool>(TensorElementType.Bool, true, false, true);
    }

    [TestMethod]
    public void HalfAndFloat16AreTwoViewsOfOneTensor()
    {
        using var tensor = DeviceTensor.From<Half>([(Half)1.25, (Half)(-4)], [2]);
        CollectionAssert.AreEqual(new[] { (Float16)1.25f, (Float16)(-4f) }, tensor.ToArray<Float16>());
        tensor.As<Float16>().Span[0] = (Float16)9f;
        Assert.AreEqual((Half)9, tensor.Span[0]);
    }

    [TestMethod]
    public void NewTensorsAreZeroAndEmptyOnesAreLegal()
    {
        using var zeros = DeviceTensor.Create<int>([3, 5]);
        CollectionAssert.AreEqual(new int[15], zeros.ToArray());
        using var empty = DeviceTensor.Create<float>([0, 5]);
        Assert.AreEqual(0, empty.ToArray().Length);
        Assert.AreEqual(0, empty.Value.GetTensorSizeInBytes());
        using var scalar = DeviceTensor.Create<float>([]);
        Assert.AreEqual(1, scalar.ElementCount);
    }

    [TestMethod]
    public void ViewsAndSlicesShareTheMemory()
    {
        using var tensor = DeviceTensor.From<int>([0, 1, 2, 3, 4, 5], [2, 3]);
        using DeviceTensor slice = tensor.Slice(2, 3), inner = slice.Slice(1, 2), view = tensor.View([2, 2]);
        CollectionAssert.AreEqual(new[] { 2, 3, 4 }, slice.ToArray<int>());
        inner.CopyFrom(new[] { 30, 40 });
        CollectionAssert.AreEqual(new[] { 0, 1, 2, 30, 40, 5 }, tensor.ToArray());
        CollectionAssert.AreEqual(new[] { 0, 1, 2, 30 }, view.ToArray<int>());
        slice.Dispose();
        Assert.AreEqual(5, tensor.Span[5], "a view does not own the memory");
    }

    [TestMethod]
    public void FillRoundsToTheType()
    {
        using var half = DeviceTensor.Create<Half>([2]);
        half.Fill(0.1);
        CollectionAssert.AreEqual(new[] { (Half)0.1, (Half)0.1 }, half.ToArray());
        using var integer = DeviceTensor.Create<sbyte>([1]);
        integer.Fill(-5);
        Assert.AreEqual(-5, integer.Span[0]);
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => integer.Fill(300)), "300");
    }

    [TestMethod]
    public void ErrorsSayWhatIsWrong()
    {
        using var tensor = DeviceTensor.Create<float>([2, 3]);
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => tensor.CopyFrom(new float[5])), "Float[2,3]", "6 elements", "has 5");
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => tensor.ToArray<double>()), "Float", "Single", "Double");
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => tensor.CopyToBytes(new byte[1])), "24 bytes", "has 1");
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => tensor.Slice(4, 3)), "3 elements from 4 on", "6 elements");
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => tensor.View([7])), "28 bytes");
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => DeviceTensor.From<float>([1, 2], [3])), "3 elements", "have 2");
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => DeviceTensor.Create<float>([2, -1])), "[2,-1]");
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => DeviceTensor.Create<char>([2])), "Char");
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => DeviceTensor.Create(TensorElementType.String, [2])), "String");
    }

    [TestMethod]
    public void DisposedTensorsRefuse()
    {
        var tensor = DeviceTensor.Create<float>([2]);
        using DeviceTensor<float> view = tensor.View([2]).As<float>();
        tensor.Dispose();
        tensor.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => tensor.CopyFrom(new float[2]));
        Assert.ThrowsExactly<ObjectDisposedException>(() => view.ToArray());
        Assert.ThrowsExactly<ObjectDisposedException>(() => view.Value);
    }

    [TestMethod]
    public void SizesAbove2GiBWork()
    {
        // The pages are never touched but at both ends, so this takes address space rather than memory.
        const long count = (1L << 31) + 8;
        DeviceTensor<byte> tensor;
        try
        {
            tensor = DeviceTensor.Create<byte>([count]);
        }
        catch (OutOfMemoryException)
        {
            Assert.Inconclusive("not enough memory for a tensor of 2 GiB");
            return;
        }
        using (tensor)
        {
            using DeviceTensor last = tensor.Slice(count - 2, 2);
            last.CopyFrom(new byte[] { 7, 9 });
            CollectionAssert.AreEqual(new byte[] { 7, 9 }, last.ToArray<byte>());
            Assert.AreEqual(count, tensor.Value.GetTensorSizeInBytes());
            AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => _ = tensor.Span), "Slice");
            AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => _ = tensor.ToArray()), "slices");
        }
    }

    [TestMethod]
    public void CudaMemoryNeedsADevice()
    {
        if (FlashRtDevice.Count > 0) Assert.Inconclusive("this machine has a GPU");
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => DeviceTensor.Create<float>([1], TensorDevice.Cuda())), "CUDA");
    }

    private static void RoundTrip<T>(TensorElementType type, params T[] values) where T : unmanaged
    {
        using var tensor = DeviceTensor.From<T>(values, [values.Length]);
        Assert.AreEqual(type, tensor.ElementType);
        Assert.AreEqual(type, tensor.Value.GetTensorTypeAndShape().ElementDataType);
        CollectionAssert.AreEqual(values, tensor.ToArray());
        var bytes = new byte[tensor.ByteCount];
        tensor.CopyToBytes(bytes);
        using var copy = DeviceTensor.Create(type, [values.Length]);
        copy.CopyFromBytes(bytes);
        CollectionAssert.AreEqual(values, copy.ToArray<T>());
    }
}
