namespace FlashRt.Onnx.Tests;

[TestClass]
public class CudaGraphTests
{
    [TestInitialize]
    public void RequireGpu() => Gpu.Require();

    [TestMethod]
    public void ReplaysFollowTheInputs()
    {
        using var session = FlashRtSession.Open(TestModels.RmsNorm(DataType.Float16, 3, 512), Gpu.Captured);
        Assert.IsTrue(session.UsesCudaGraph);
        using BoundSession bound = session.Bind();
        Assert.IsFalse(bound.IsCaptured);
        var random = new Random(1);
        for (int i = 0; i < 10; i++)
        {
            Half[] x = [.. Enumerable.Range(0, 3 * 512).Select(_ => (Half)random.NextDouble())];
            bound.Input("x").CopyFrom(x);
            bound.Run();
            Assert.IsTrue(bound.IsCaptured);
            using var input = DeviceTensor.From<Half>(x, [3, 512]);
            using FlashRtOutputs plain = session.Run(new Dictionary<string, DeviceTensor> { ["x"] = input });
            CollectionAssert.AreEqual(plain["y"].ToArray<Half>(), bound.Output("y").ToArray<Half>(), $"replay {i}");
        }
    }

    [TestMethod]
    [DataRow(0, 0)]
    [DataRow(0, 3)]
    [DataRow(2, 1)]
    public void CapturingDoesNotAdvanceTheState(int checks, int warmUps)
    {
        using var session = FlashRtSession.Open(TestModels.Accumulate(), Gpu.Captured with { SelfCheckRuns = checks, WarmUpRuns = warmUps });
        using BoundSession bound = session.Bind(new BindOptions().InPlace("state", "next"));
        bound.Input("x").Fill(1);
        bound.Input("state").Fill(10);
        for (int i = 1; i <= 5; i++)
        {
            bound.Run();
            CollectionAssert.AreEqual(new float[] { 10 + i, 10 + i, 10 + i, 10 + i }, bound.Input("state").ToArray<float>(), $"run {i}");
        }
    }

    [TestMethod]
    public void CaptureAheadLeavesTheInputs()
    {
        using var session = FlashRtSession.Open(TestModels.Accumulate(), Gpu.Captured);
        using BoundSession bound = session.Bind(new BindOptions().InPlace("state", "next"));
        bound.Input("x").Fill(2);
        bound.Input("state").Fill(7);
        bound.Capture();
        Assert.IsTrue(bound.IsCaptured);
        CollectionAssert.AreEqual(new float[] { 7, 7, 7, 7 }, bound.Input("state").ToArray<float>());
        bound.Run();
        CollectionAssert.AreEqual(new float[] { 9, 9, 9, 9 }, bound.Input("state").ToArray<float>());
    }

    [TestMethod]
    public void TwoShapesHaveTwoGraphs()
    {
        using var session = FlashRtSession.Open(TestModels.Affine("n"), Gpu.Captured);
        using BoundSession small = session.Bind(("x", [2])), large = session.Bind(("x", [5000]));
        for (int i = 0; i < 4; i++)
        {
            foreach (BoundSession bound in new[] { small, large })
            {
                bound.Input("x").Fill(i);
                bound.Run();
                foreach (float y in bound.Output("y").ToArray<float>()) Assert.AreEqual((2 * i) + 1, y);
            }
        }
        small.Dispose();
        large.Input("x").Fill(9);
        large.Run();
        Assert.AreEqual(19, large.Output("y").ToArray<float>()[4999], "disposing one graph leaves the other");
    }

    [TestMethod]
    public void RunsFromManyThreadsUseOneGraph()
    {
        using var session = FlashRtSession.Open(TestModels.Affine(8), Gpu.Captured);
        Parallel.For(0, 4, new ParallelOptions { MaxDegreeOfParallelism = 4 }, thread =>
        {
            using BoundSession bound = session.Bind();
            for (int i = 0; i < 50; i++)
            {
                bound.Input("x").Fill((100 * thread) + i);
                bound.Run();
                Assert.AreEqual((2 * ((100 * thread) + i)) + 1, bound.Output("y").ToArray<float>()[7]);
            }
        });
    }

    [TestMethod]
    public void CapturesWhileOtherThreadsUseTheDevice()
    {
        using var stop = new CancellationTokenSource();
        Task busy = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                using var tensor = DeviceTensor.Create<float>([1 << 20], TensorDevice.Cuda());
                tensor.Fill(1);
            }
        });
        for (int i = 0; i < 5; i++)
        {
            using var session = FlashRtSession.Open(TestModels.Affine(16), Gpu.Captured);
            using BoundSession bound = session.Bind();
            bound.Input("x").Fill(i);
            bound.Run();
            Assert.AreEqual((2 * i) + 1, bound.Output("y").ToArray<float>()[15]);
        }
        stop.Cancel();
        busy.Wait();
    }

    [TestMethod]
    public void AModelThatCannotBeCapturedIsRefusedWithItsNodes()
    {
        var error = Assert.ThrowsExactly<CaptureException>(() => FlashRtSession.Open(TestModels.Branch(), Gpu.Captured));
        Assert.IsTrue(error.Issues.Any(i => i.OpType == "If"), error.Message);
        using var plain = FlashRtSession.Open(TestModels.Branch(), Gpu.Plain);
        using BoundSession bound = plain.Bind();
        bound.Input("x").Fill(3);
        bound.Run();
        Assert.AreEqual(6, bound.Output("y").ToArray<float>()[0]);
    }

    [TestMethod]
    public void RisksNameTheUnsafeOps()
    {
        using var session = FlashRtSession.Open(TestModels.ConcatDecoder(3, 4), Gpu.Captured);
        Assert.IsTrue(session.CaptureRisks.Any(r => r.OpType == "Concat"), string.Join('\n', session.CaptureRisks));
    }

    [TestMethod]
    public void DenoisesInPlaceInAGraph()
    {
        using var session = FlashRtSession.Open(TestModels.File("pi0_denoise_fp16"), Gpu.Captured);
        using var reference = FlashRtSession.Open(TestModels.File("pi0_denoise_fp16"), Gpu.Plain);
        ModelLoops.Pi0(session, reference);
    }

    [TestMethod]
    public void DecodesInAGraph()
    {
        using var session = FlashRtSession.Open(TestModels.File("gemma_fp16_decode_dynamo"), Gpu.Captured);
        using var reference = FlashRtSession.Open(TestModels.File("gemma_fp16_decode_dynamo"), Gpu.Plain);
        ModelLoops.Gemma(session, reference);
        // The model concatenates its caches, which ORT 1.29 captures unsafely: nothing may run beside the replays.
        StringAssert.Contains(Assert.ThrowsExactly<CaptureException>(() => session.Run(ModelLoops.TestInputs("gemma_fp16_decode_dynamo", session))).Message, "second session");
    }

    [TestMethod]
    public void SwappedCachesHaveTwoGraphs()
    {
        using var session = FlashRtSession.Open(TestModels.FixedDecoder(), Gpu.Captured);
        using var loop = new DecodeLoop(session);
        Assert.AreEqual(CacheUpdate.Swap, loop.Update);
        for (int i = 0; i < 6; i++) Assert.AreEqual((1 << (i + 1)) - 1, loop.Step(1 << i).ToArray<float>()[0]);
    }

    [TestMethod]
    public void AGrowingCacheIsRefused()
    {
        using var session = FlashRtSession.Open(TestModels.ConcatDecoder("past", "total"), Gpu.Captured);
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => new DecodeLoop(session)), "grows", "CudaGraph");
    }

    [TestMethod]
    public void TimesReplays()
    {
        using var session = FlashRtSession.Open(TestModels.RmsNorm(DataType.Float16, 64, 2048), Gpu.Captured);
        using BoundSession bound = session.Bind();
        TimeSpan[] times = bound.Time(100);
        Assert.IsTrue(bound.IsCaptured);
        Assert.IsTrue(times.Min() < TimeSpan.FromMilliseconds(1), $"{times.Min()}");
    }
}
