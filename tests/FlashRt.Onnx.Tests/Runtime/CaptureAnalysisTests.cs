using FlashRt.Onnx.Runtime;

namespace FlashRt.Onnx.Tests.Runtime;

[TestClass]
public class CaptureAnalysisTests
{
    private const string Cuda = "CUDAExecutionProvider", Cpu = "CPUExecutionProvider";

    [TestMethod]
    public void NamesTheNodesThatPreventACapture()
    {
        NodePlacement[] nodes =
        [
            new("matmul_1", "", "MatMul", Cuda), new("if_1", "", "If", Cuda), new("loop_1", "", "Loop", Cpu), new("shape_1", "", "Shape", Cpu),
            new("mine", "my.domain", "Scan", Cuda),
        ];
        var blockers = CaptureAnalysis.Blockers(nodes);
        CollectionAssert.AreEqual(new[] { "if_1", "loop_1", "shape_1" }, blockers.Select(b => b.Node).ToArray());
        StringAssert.Contains(blockers[2].Reason, Cpu);
        var error = new CaptureException("Cannot.", blockers);
        AssertMessage.Contains(error, "Cannot.", "If 'if_1'", "Shape 'shape_1'");
        Assert.AreEqual(3, error.Issues.Count);
    }

    [TestMethod]
    public void NamesWhatMakesReplaysDoubtful()
    {
        TensorInfo onGpu = new("x", TensorElementType.Float, [1], [null], TensorDevice.Cuda()), onCpu = new("length", TensorElementType.Int64, [1], [null], TensorDevice.Cpu);
        NodePlacement[] nodes =
        [
            new("concat_1", "", "Concat", Cuda), new("mul_1", "", "Mul", Cuda), new("shape_1", "", "Shape", Cpu), new("split_1", "", "Split", Cuda), new("mine", "my.domain", "Split", Cuda),
        ];
        var risks = CaptureAnalysis.Risks(nodes, [onGpu, onCpu]);
        CollectionAssert.AreEqual(new[] { "length", "shape_1", "concat_1", "split_1" }, risks.Select(r => r.Node).ToArray());
    }

    [TestMethod]
    public void KnowsARefusalFromOtherErrors()
    {
        Assert.IsTrue(CaptureAnalysis.IsRefusal(new("This session cannot use the graph capture feature as requested by the user as all compute graph nodes have not been partitioned")));
        Assert.IsFalse(CaptureAnalysis.IsRefusal(new("Type 'tensor(double)' of input parameter is invalid")));
    }
}
