using FlashRt.Onnx.Runtime;

namespace FlashRt.Onnx.Tests.Runtime;

/// <summary>
/// The steps around a capture (warm-up, saving and restoring state, self-check, the session's thread) with the CPU provider, which runs the model
/// where CUDA would capture and replay. <see cref="CudaGraphTests"/> has the same with real graphs.
/// </summary>
[TestClass]
public class CaptureStepsTests
{
    private static readonly FlashRtOptions s_options = TestModels.Cpu with { RecordPlacements = true };

    [TestMethod]
    [DataRow(0, 0)]
    [DataRow(0, 3)]
    [DataRow(2, 1)]
    public void TheStateAdvancesOnceForEachRun(int checks, int warmUps)
    {
        using FlashRtSession session = Open(TestModels.Accumulate(), s_options with { SelfCheckRuns = checks, WarmUpRuns = warmUps });
        Assert.IsTrue(session.UsesCudaGraph);
        using BoundSession bound = session.Bind(new BindOptions().InPlace("state", "next"));
        bound.Input("x").Fill(1);
        bound.Input("state").Fill(10);
        for (int i = 1; i <= 5; i++)
        {
            bound.Run();
            Assert.IsTrue(bound.IsCaptured);
            CollectionAssert.AreEqual(new float[] { 10 + i, 10 + i, 10 + i, 10 + i }, bound.Input("state").ToArray<float>(), $"run {i}");
        }
    }

    [TestMethod]
    public void CaptureAheadLeavesTheInputs()
    {
        using FlashRtSession session = Open(TestModels.Accumulate(), s_options);
        using BoundSession bound = session.Bind(new BindOptions().InPlace("state", "next"));
        bound.Input("x").Fill(2);
        bound.Input("state").Fill(7);
        bound.Capture();
        bound.Capture();
        CollectionAssert.AreEqual(new float[] { 7, 7, 7, 7 }, bound.Input("state").ToArray<float>());
        bound.Run();
        CollectionAssert.AreEqual(new float[] { 9, 9, 9, 9 }, bound.Input("state").ToArray<float>());
    }

    [TestMethod]
    public void AReplayThatDiffersIsRefusedAndLeavesTheState()
    {
        using FlashRtSession session = Open(TestModels.ReadsStateLate(), s_options);
        using BoundSession bound = session.Bind(new BindOptions().InPlace("state", "next"));
        bound.Input("x").Fill(1);
        bound.Input("state").Fill(5);
        var error = Assert.ThrowsExactly<CaptureException>(bound.Run);
        AssertMessage.Contains(error, "in difference", "SelfCheckTolerance");
        Assert.AreEqual("difference", error.Issues[0].Node);
        Assert.AreEqual(5, bound.Input("state").ToArray<float>()[0]);
    }

    [TestMethod]
    public void AFailureDuringTheCaptureNamesTheNode()
    {
        var g = new GraphBuilder();
        g.Node("Gather", [g.Initializer("table", DataType.Float, [2], 1, 2), g.Input("index", DataType.Int64, 1)], outputs: ["y"]);
        g.Output("y", DataType.Float, 1);
        using FlashRtSession session = Open(Google.Protobuf.MessageExtensions.ToByteArray(g.Build().Proto), s_options with { SelfCheckRuns = 0 });
        using BoundSession bound = session.Bind();
        bound.Input("index").Fill(5);
        var error = Assert.ThrowsExactly<CaptureException>(bound.Run);
        Assert.AreEqual(("node_Gather_0", "Gather"), (error.Issues[0].Node, error.Issues[0].OpType));
        Assert.IsFalse(bound.IsCaptured);
        bound.Input("index").Fill(1);
        bound.Run();
        Assert.AreEqual(2, bound.Output("y").ToArray<float>()[0]);
    }

    [TestMethod]
    public void ThreadsTakeTurnsOnTheSessionsThread()
    {
        using FlashRtSession session = Open(TestModels.Affine("n"), s_options);
        Parallel.For(0, 4, new ParallelOptions { MaxDegreeOfParallelism = 4 }, thread =>
        {
            using BoundSession bound = session.Bind(("x", [thread + 1]));
            for (int i = 0; i < 50; i++)
            {
                bound.Input("x").Fill(i);
                bound.Run();
                Assert.AreEqual((2 * i) + 1, bound.Output("y").ToArray<float>()[thread]);
            }
        });
    }

    [TestMethod]
    public void LoopsRunOverGraphs()
    {
        using (FlashRtSession session = Open(File.ReadAllBytes(TestModels.File("pi0_denoise_fp16")), s_options)) ModelLoops.Pi0(session, session);
        using (FlashRtSession session = Open(File.ReadAllBytes(TestModels.File("gemma_fp16_decode_dynamo")), s_options)) ModelLoops.Gemma(session, session);
        using (FlashRtSession session = Open(TestModels.ConcatDecoder("past", "total"), s_options))
            AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => new DecodeLoop(session)), "grows", "CudaGraph");
    }

    private static FlashRtSession Open(byte[] model, FlashRtOptions options) => FlashRtSession.Open(ModelSource.Memory(model), options, captures: true);
}
