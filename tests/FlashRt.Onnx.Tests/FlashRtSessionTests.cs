using System.Runtime.CompilerServices;

namespace FlashRt.Onnx.Tests;

[TestClass]
public class FlashRtSessionTests
{
    [TestMethod]
    public void RunsAModel()
    {
        using var session = FlashRtSession.Open(TestModels.Affine(2, "n"), TestModels.Cpu);
        using var x = DeviceTensor.From<float>([0, 1, 2, 3, 4, 5], [2, 3]);
        using FlashRtOutputs outputs = session.Run(new Dictionary<string, DeviceTensor> { ["x"] = x });
        CollectionAssert.AreEqual(new float[] { 1, 3, 5, 7, 9, 11 }, outputs["y"].ToArray<float>());
        CollectionAssert.AreEqual(new long[] { 2, 3 }, outputs["y"].Shape.ToArray());
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => outputs["z"]), "'z'", "y");
    }

    [TestMethod]
    public void RunsAModelOnOrtValues()
    {
        using var session = FlashRtSession.Open(TestModels.Accumulate(), TestModels.Cpu);
        using var ones = OrtValue.CreateTensorValueFromMemory(new float[] { 1, 1, 1, 1 }, [4]);
        IReadOnlyList<OrtValue> outputs = session.Run(new Dictionary<string, OrtValue> { ["x"] = ones, ["state"] = ones }, ["twice", "next"]);
        CollectionAssert.AreEqual(new float[] { 4, 4, 4, 4 }, outputs[0].GetTensorDataAsSpan<float>().ToArray());
        CollectionAssert.AreEqual(new float[] { 2, 2, 2, 2 }, outputs[1].GetTensorDataAsSpan<float>().ToArray());
        foreach (OrtValue output in outputs) output.Dispose();
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => session.Run(new Dictionary<string, OrtValue> { ["x"] = ones })), "state");
    }

    [TestMethod]
    [DataRow(DataType.Float16)]
    [DataRow(DataType.Bfloat16)]
    [DataRow(DataType.Int64)]
    [DataRow(DataType.Uint8)]
    [DataRow(DataType.Bool)]
    public void PassesEveryTypeThrough(DataType type)
    {
        using var session = FlashRtSession.Open(TestModels.Identity(type, 3), TestModels.Cpu);
        using var x = DeviceTensor.Create(session.Input("x").ElementType, [3]);
        var bytes = new byte[x.ByteCount];
        bytes[0] = 1;
        x.CopyFromBytes(bytes);
        using FlashRtOutputs outputs = session.Run(new Dictionary<string, DeviceTensor> { ["x"] = x });
        var result = new byte[bytes.Length];
        outputs["y"].CopyToBytes(result);
        CollectionAssert.AreEqual(bytes, result);
    }

    [TestMethod]
    public void DescribesInputsAndOutputs()
    {
        using var session = FlashRtSession.Open(TestModels.Affine(2, "n"), TestModels.Cpu);
        TensorInfo x = session.Input("x");
        Assert.AreEqual("x: Float[2,n]", x.ToString());
        CollectionAssert.AreEqual(new long[] { 2, -1 }, x.Dimensions.ToArray());
        CollectionAssert.AreEqual(new string?[] { null, "n" }, x.Symbols.ToArray());
        Assert.IsFalse(x.IsStatic);
        Assert.AreEqual(TensorDevice.Cpu, x.Device);
        Assert.AreEqual("y", session.Outputs.Single().Name);
    }

    [TestMethod]
    public void RunsTheOps()
    {
        using var session = FlashRtSession.Open(TestModels.RmsNorm(DataType.Float, 2, 4), TestModels.Cpu with { RecordPlacements = true });
        using var x = DeviceTensor.From<float>([1, 1, 1, 1, 2, -2, 2, -2], [2, 4]);
        using FlashRtOutputs outputs = session.Run(new Dictionary<string, DeviceTensor> { ["x"] = x });
        float[] y = outputs["y"].ToArray<float>();
        for (int i = 0; i < y.Length; i++) Assert.AreEqual(i is 5 or 7 ? -1 : 1, y[i], 1e-5);
        NodePlacement node = session.NodePlacements.Single();
        Assert.AreEqual(("com.flashrt", "RmsNorm", "CPUExecutionProvider"), (node.Domain, node.OpType, node.Provider));
    }

    [TestMethod]
    public void WithoutTheOpsANodeWithNoFunctionIsRefused()
    {
        var error = Assert.ThrowsExactly<FlashRtException>(() => FlashRtSession.Open(TestModels.RmsNorm(DataType.Float, 1, 4), TestModels.Cpu with { RegisterOps = false }));
        AssertMessage.Contains(error, "com.flashrt", "RmsNorm");
    }

    [TestMethod]
    public void ErrorsNameTheInput()
    {
        using var session = FlashRtSession.Open(TestModels.Accumulate(), TestModels.Cpu);
        using var four = DeviceTensor.Create<float>([4]);
        using var five = DeviceTensor.Create<float>([5]);
        using var integers = DeviceTensor.Create<int>([4]);
        Refused(new() { ["x"] = four }, "state: Float[4]", "not given");
        Refused(new() { ["x"] = four, ["stat"] = four }, "no input 'stat'", "state: Float[4]", "x: Float[4]");
        Refused(new() { ["x"] = five, ["state"] = four }, "x: Float[4]", "[5]");
        Refused(new() { ["x"] = integers, ["state"] = four }, "x: Float[4]", "Int32");

        void Refused(Dictionary<string, DeviceTensor> inputs, params string[] parts) =>
            AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => session.Run(inputs)), parts);
    }

    [TestMethod]
    public void ErrorsAtOpeningSayWhy()
    {
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => FlashRtSession.Open("no/such.onnx", TestModels.Cpu)), "no/such.onnx", "does not exist");
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => FlashRtSession.Open([1, 2, 3], TestModels.Cpu)), "3 bytes in memory");
        using var session = FlashRtSession.Open(TestModels.Affine(1), TestModels.Cpu);
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => session.NodePlacements), "RecordPlacements");
    }

    [TestMethod]
    public void DisposedSessionsRefuse()
    {
        var session = FlashRtSession.Open(TestModels.Affine(1), TestModels.Cpu);
        BoundSession bound = session.Bind();
        using var x = DeviceTensor.Create<float>([1]);
        session.Dispose();
        session.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => session.Run(new Dictionary<string, DeviceTensor> { ["x"] = x }));
        Assert.ThrowsExactly<ObjectDisposedException>(() => session.Bind());
        Assert.ThrowsExactly<ObjectDisposedException>(bound.Run);
        Assert.ThrowsExactly<ObjectDisposedException>(() => bound.Output("y").ToArray<float>());
        bound.Dispose();
    }

    [TestMethod]
    public void FourThreadsRunOneSession()
    {
        using var session = FlashRtSession.Open(TestModels.Affine("n"), TestModels.Cpu);
        Parallel.For(0, 4, new ParallelOptions { MaxDegreeOfParallelism = 4 }, thread =>
        {
            using BoundSession bound = session.Bind(("x", [thread + 1]));
            for (int i = 0; i < 100; i++)
            {
                using var x = DeviceTensor.Create<float>([thread + 1]);
                x.Fill(i + thread);
                using FlashRtOutputs outputs = session.Run(new Dictionary<string, DeviceTensor> { ["x"] = x });
                bound.Input("x").Fill(i + thread);
                bound.Run();
                foreach (DeviceTensor y in new[] { outputs["y"], bound.Output("y") })
                    foreach (float value in y.ToArray<float>()) Assert.AreEqual((2 * (i + thread)) + 1, value);
            }
        });
    }

    [TestMethod]
    public void DisposeWaitsForRunsOnOtherThreads()
    {
        for (int round = 0; round < 20; round++)
        {
            var session = FlashRtSession.Open(TestModels.Affine("n"), TestModels.Cpu);
            using var started = new CountdownEvent(3);
            Task[] tasks = [.. Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
            {
                using BoundSession bound = session.Bind(("x", [1000]));
                started.Signal();
                while (true) bound.Run();
            }))];
            started.Wait();
            session.Dispose();
            foreach (Task task in tasks)
                Assert.IsInstanceOfType<ObjectDisposedException>(Assert.ThrowsExactly<AggregateException>(task.Wait).InnerException);
        }
    }

    [TestMethod]
    public void ForgottenObjectsAreCollected()
    {
        WeakReference[] forgotten = [.. Enumerable.Range(0, 20).Select(_ => Forget())];
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Assert.IsTrue(forgotten.All(f => !f.IsAlive));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference Forget()
    {
        var session = FlashRtSession.Open(TestModels.Accumulate(), TestModels.Cpu);
        BoundSession bound = session.Bind(new BindOptions().InPlace("state", "next").UseInput("x", DeviceTensor.Create<float>([4])));
        bound.Run();
        session.Run(new Dictionary<string, DeviceTensor> { ["x"] = bound.Input("x"), ["state"] = bound.Input("state") });
        return new WeakReference(bound.Input("x").Memory, trackResurrection: true);
    }
}
