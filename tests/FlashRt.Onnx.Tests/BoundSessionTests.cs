namespace FlashRt.Onnx.Tests;

[TestClass]
public class BoundSessionTests
{
    [TestMethod]
    public void RunsOnWhatTheBuffersHold()
    {
        using var session = FlashRtSession.Open(TestModels.Affine(3), TestModels.Cpu);
        using BoundSession bound = session.Bind();
        for (int i = 0; i < 3; i++)
        {
            bound.Input<float>("x").CopyFrom([i, i + 1, i + 2]);
            bound.Run();
            CollectionAssert.AreEqual(new float[] { (2 * i) + 1, (2 * i) + 3, (2 * i) + 5 }, bound.Output<float>("y").ToArray());
        }
        Assert.IsFalse(bound.IsCaptured);
    }

    [TestMethod]
    public void TakesShapesByInputOrByDimension()
    {
        using var session = FlashRtSession.Open(TestModels.Affine(2, "n"), TestModels.Cpu);
        using BoundSession byInput = session.Bind(("x", [2, 5]));
        using BoundSession byName = session.Bind(new BindOptions().Dimension("n", 7));
        CollectionAssert.AreEqual(new long[] { 2, 5 }, byInput.Output("y").Shape.ToArray());
        CollectionAssert.AreEqual(new long[] { 2, 7 }, byName.Output("y").Shape.ToArray());
    }

    [TestMethod]
    public void FindsOutputShapesByARun()
    {
        using var session = FlashRtSession.Open(TestModels.UnnamedLength(), TestModels.Cpu);
        using BoundSession bound = session.Bind(("x", [2]));
        bound.Input("x").CopyFrom(new float[] { 1, 2 });
        bound.Run();
        CollectionAssert.AreEqual(new float[] { 1, 2, 1, 2, 7 }, bound.Output("y").ToArray<float>());
    }

    [TestMethod]
    public void UpdatesStateInPlace()
    {
        using var session = FlashRtSession.Open(TestModels.Accumulate(), TestModels.Cpu);
        using BoundSession bound = session.Bind(new BindOptions().InPlace("state", "next"));
        bound.Input("x").Fill(1);
        for (int i = 1; i <= 5; i++)
        {
            bound.Run();
            CollectionAssert.AreEqual(new float[] { i, i, i, i }, bound.Input("state").ToArray<float>(), "one run has the effect of one run, with or without the self-check");
            Assert.AreEqual(2 * i, bound.Output("twice").ToArray<float>()[0]);
        }
    }

    [TestMethod]
    public void FindsUpdatesInPlaceThatChangeResults()
    {
        using var session = FlashRtSession.Open(TestModels.ReadsStateLate(), TestModels.Cpu);
        using BoundSession bound = session.Bind(new BindOptions().InPlace("state", "next"));
        bound.Input("x").Fill(1);
        bound.Input("state").Fill(5);
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(bound.Run), "difference", "InPlace");
        Assert.AreEqual(5, bound.Input("state").ToArray<float>()[0], "a run that fails leaves the state");

        using var trusting = FlashRtSession.Open(TestModels.ReadsStateLate(), TestModels.Cpu with { SelfCheckRuns = 0 });
        using BoundSession wrong = trusting.Bind(new BindOptions().InPlace("state", "next"));
        wrong.Input("x").Fill(1);
        wrong.Run();
        Assert.AreEqual(0, wrong.Output("difference").ToArray<float>()[0]);
    }

    [TestMethod]
    public void BindsTheCallersTensors()
    {
        using var session = FlashRtSession.Open(TestModels.Affine(2), TestModels.Cpu);
        var x = DeviceTensor.From<float>([1, 2], [2]);
        using var y = DeviceTensor.Create<float>([2]);
        BoundSession bound = session.Bind(new BindOptions().UseInput("x", x).UseOutput("y", y));
        x.Dispose();
        bound.Run();
        CollectionAssert.AreEqual(new float[] { 3, 5 }, y.ToArray(), "the memory of a disposed tensor stays while it is bound");
        bound.Dispose();
        bound.Dispose();
        CollectionAssert.AreEqual(new float[] { 3, 5 }, y.ToArray(), "the caller's tensor outlives the binding");
        Assert.ThrowsExactly<ObjectDisposedException>(bound.Run);
    }

    [TestMethod]
    public void TimesRuns()
    {
        using var session = FlashRtSession.Open(TestModels.Accumulate(), TestModels.Cpu);
        using BoundSession bound = session.Bind(new BindOptions().InPlace("state", "next"));
        bound.Input("x").Fill(1);
        TimeSpan[] times = bound.Time(10, warmUpRuns: 5);
        Assert.AreEqual(10, times.Length);
        Assert.IsTrue(times.All(t => t > TimeSpan.Zero));
        Assert.AreEqual(15, bound.Input("state").ToArray<float>()[0]);
    }

    [TestMethod]
    public void ErrorsSayWhatIsWrong()
    {
        using var session = FlashRtSession.Open(TestModels.Affine(2, "n"), TestModels.Cpu);
        Refused(new(), "x: Float[2,n]", "Dimension");
        Refused(new BindOptions().Shape("x", 3, 4), "[3,4]", "x: Float[2,n]");
        Refused(new BindOptions().Shape("y", 2, 4), "no input 'y'");
        Refused(new BindOptions().Dimension("m", 2), "'m'", "n");
        Refused(new BindOptions().Shape("x", 2, 4).Dimension("n", 5), "'n'", "5", "[2,4]");
        Refused(new BindOptions().Shape("x", 2, 4).InPlace("x", "z"), "no output 'z'");
        using var wrongType = DeviceTensor.Create<int>([2, 4]);
        Refused(new BindOptions().UseInput("x", wrongType), "Int32");
        using var wrongShape = DeviceTensor.Create<float>([3, 4]);
        Refused(new BindOptions().Shape("x", 2, 4).UseOutput("y", wrongShape), "y: Float[2,n]", "[3,4]");
        using BoundSession bound = session.Bind(("x", [2, 1]));
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => bound.Input("z")), "no input 'z'");
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => bound.Output<Half>("y")), "Half");

        void Refused(BindOptions options, params string[] parts) =>
            AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => session.Bind(options)), parts);
    }
}
