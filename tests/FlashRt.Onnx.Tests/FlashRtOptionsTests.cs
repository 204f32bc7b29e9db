namespace FlashRt.Onnx.Tests;

[TestClass]
public class FlashRtOptionsTests
{
    [TestMethod]
    public void RefusesNonsense()
    {
        Refused(new() { DeviceId = -1 }, "DeviceId", "-1");
        Refused(new() { WarmUpRuns = -1 }, "WarmUpRuns");
        Refused(new() { SelfCheckRuns = -2 }, "SelfCheckRuns");
        Refused(new() { IntraOpThreads = -1 }, "IntraOpThreads");
        Refused(new() { SelfCheckTolerance = double.NaN }, "SelfCheckTolerance");
        Refused(new() { Provider = (FlashRtProvider)9 }, "Provider");
        Refused(new() { ProviderOptions = new Dictionary<string, string> { ["enable_cuda_graph"] = "1" } }, "enable_cuda_graph", "CudaGraph");
        Refused(new() { Provider = FlashRtProvider.Cpu, CudaGraph = true }, "CudaGraph");
    }

    [TestMethod]
    public void ReachOnnxRuntime()
    {
        bool called = false;
        var options = TestModels.Cpu with
        {
            IntraOpThreads = 1,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL,
            RecordPlacements = true,
            SessionConfig = new Dictionary<string, string> { ["session.intra_op.allow_spinning"] = "0" },
            Configure = ort =>
            {
                called = true;
                Assert.AreEqual(1, ort.IntraOpNumThreads);
                Assert.AreEqual(GraphOptimizationLevel.ORT_DISABLE_ALL, ort.GraphOptimizationLevel);
                FlashRtLibrary.Register(ort);
            },
        };
        using var session = FlashRtSession.Open(TestModels.Affine(2), options);
        Assert.IsTrue(called);
        CollectionAssert.AreEqual(new[] { "Mul", "Add" }, session.NodePlacements.Select(n => n.OpType).ToArray());
    }

    [TestMethod]
    public void AutoTakesTheCpuWhereThereIsNoGpu()
    {
        if (FlashRtDevice.Count > 0) Assert.Inconclusive("this machine has a GPU");
        using var session = FlashRtSession.Open(TestModels.Affine(2), new() { CudaGraph = true });
        Assert.AreEqual(TensorDevice.Cpu, session.Device);
        Assert.IsFalse(session.UsesCudaGraph);
        Assert.AreEqual(0, session.CaptureRisks.Count);
        StringAssert.Contains(session.ProviderReason, "CUDA");
        using BoundSession bound = session.Bind();
        bound.Capture();
        bound.Run();
        Assert.IsFalse(bound.IsCaptured);
    }

    [TestMethod]
    public void CudaFailsWhereThereIsNoGpu()
    {
        if (FlashRtDevice.Count > 0) Assert.Inconclusive("this machine has a GPU");
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => FlashRtSession.Open(TestModels.Affine(2), new() { Provider = FlashRtProvider.Cuda })), "CUDA");
    }

    private static void Refused(FlashRtOptions options, params string[] parts) =>
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => FlashRtSession.Open(TestModels.Affine(1), options)), parts);
}
