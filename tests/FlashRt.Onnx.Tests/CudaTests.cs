namespace FlashRt.Onnx.Tests;

[TestClass]
public class CudaTests
{
    [TestInitialize]
    public void RequireGpu() => Gpu.Require();

    [TestMethod]
    public void DescribesTheDevice()
    {
        FlashRtDevice device = FlashRtDevice.Get(0);
        Assert.IsTrue(device.Name.Length > 0);
        Assert.IsTrue(device.ComputeCapability.Major >= 8, $"{device.ComputeCapability}");
        Assert.IsTrue(device.TotalMemory >= device.FreeMemory && device.FreeMemory > 0);
        Assert.IsTrue(device.Multiprocessors > 0 && device.L2Bytes > 0);
        Assert.IsTrue(device.KernelsIncluded, "the library under test was not built for this GPU");
    }

    [TestMethod]
    public void TensorsCopyBothWaysAndBetweenDevices()
    {
        float[] data = [.. Enumerable.Range(0, 1000).Select(i => (float)i)];
        using var gpu = DeviceTensor.From<float>(data, [10, 100], TensorDevice.Cuda());
        CollectionAssert.AreEqual(data, gpu.ToArray());
        using var other = DeviceTensor.Create<float>([1000], TensorDevice.Cuda());
        CollectionAssert.AreEqual(new float[1000], other.ToArray(), "new tensors are zero");
        other.CopyFrom(gpu);
        using var cpu = DeviceTensor.Create<float>([1000]);
        cpu.CopyFrom(other);
        CollectionAssert.AreEqual(data, cpu.ToArray());
        using DeviceTensor slice = gpu.Slice(998, 2);
        slice.Fill(-1);
        CollectionAssert.AreEqual(new float[] { 997, -1, -1 }, gpu.ToArray()[997..]);
        using var empty = DeviceTensor.Create<float>([0], TensorDevice.Cuda());
        Assert.AreEqual(0, empty.ToArray().Length);
    }

    [TestMethod]
    public void SpansOfGpuMemoryAreRefused()
    {
        using var gpu = DeviceTensor.Create<Half>([4], TensorDevice.Cuda());
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => _ = gpu.Span), "GPU memory", "CopyTo");
    }

    [TestMethod]
    public void InputsAndOutputsLieWhereTheyAreAskedFor()
    {
        using var session = FlashRtSession.Open(TestModels.Affine("n"), Gpu.Plain);
        Assert.AreEqual(TensorDevice.Cuda(), session.Device);
        foreach (TensorDevice from in new[] { TensorDevice.Cpu, TensorDevice.Cuda() })
        {
            foreach (TensorDevice to in new[] { TensorDevice.Cpu, TensorDevice.Cuda() })
            {
                using var x = DeviceTensor.From<float>([1, 2, 3], [3], from);
                using FlashRtOutputs outputs = session.Run(new Dictionary<string, DeviceTensor> { ["x"] = x }, to);
                Assert.AreEqual(to, outputs["y"].Device);
                CollectionAssert.AreEqual(new float[] { 3, 5, 7 }, outputs["y"].ToArray<float>());
            }
        }
    }

    [TestMethod]
    public void BindingsRefuseTensorsOnAnotherDevice()
    {
        using var session = FlashRtSession.Open(TestModels.Affine(2), Gpu.Plain);
        using var cpu = DeviceTensor.Create<float>([2]);
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => session.Bind(new BindOptions().UseInput("x", cpu))), "cuda:0", "cpu");
    }

    [TestMethod]
    public void TheOpsRunOnTheGpu()
    {
        using var session = FlashRtSession.Open(TestModels.RmsNorm(DataType.Float16, 2, 256), Gpu.Plain with { RecordPlacements = true });
        Assert.AreEqual("CUDAExecutionProvider", session.NodePlacements.Single().Provider);
        using BoundSession bound = session.Bind();
        bound.Input("x").Fill(-3);
        bound.Run();
        foreach (Half value in bound.Output("y").ToArray<Half>()) Assert.AreEqual(-1, (double)value, 1e-3);
    }

    [TestMethod]
    public void AWrongDeviceIsNamed()
    {
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => FlashRtSession.Open(TestModels.Affine(1), Gpu.Plain with { DeviceId = 99 })), "99");
    }
}
