
namespace FlashRt.Onnx.Tests;

[TestClass]
public class DenoiseLoopTests
{
    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void RunsSteps(bool inPlace)
    {
        using var session = FlashRtSession.Open(TestModels.Denoise(), TestModels.Cpu);
        using var loop = new DenoiseLoop(session, "x", "x_next", inPlace);
        loop.State.Fill(3);
        loop.Input("dt").Fill(0.5);
        float expected = 3;
        loop.Run(6, step =>
        {
            loop.Input("t").Fill(step);
            expected += 0.5f * (step - expected);
        });
        foreach (float value in loop.State.ToArray<float>()) Assert.AreEqual(expected, value);
    }

    [TestMethod]
    public void StateMustMatch()
    {
        using var session = FlashRtSession.Open(TestModels.Denoise(), TestModels.Cpu);
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => new DenoiseLoop(session, "t", "x_next")), "x_next", "'t'");
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => new DenoiseLoop(session, "t", "x_next", inPlace: false)), "x_next", "'t'");
    }

    [TestMethod]
    public void Pi0DenoisesInPlaceAsItDoesStepByStep()
    {
        using var session = FlashRtSession.Open(TestModels.File("pi0_denoise_fp16"), TestModels.Cpu);
        ModelLoops.Pi0(session, session);
    }
}
