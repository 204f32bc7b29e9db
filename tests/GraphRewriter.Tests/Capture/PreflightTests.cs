using FlashRt.GraphRewriter.Capture;
using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;

namespace FlashRt.GraphRewriter.Tests.Capture;

/// <summary>What the preflight says of small graphs that hold one thing each.</summary>
[TestClass]
public sealed class PreflightTests
{
    [TestMethod]
    public void AStaticGraphOfGpuOpsIsSafe()
    {
        var report = Of(g => g.Op("Relu", g.Op("MatMul", "x", "x")), 4, 4);
        Assert.IsTrue(report.Safe, report.ToJson());
        Assert.IsEmpty(report.DynamicAxes);
    }

    [TestMethod]
    public void OpsWithoutAFixedPathOrSizeBlock()
    {
        var report = Of(g => g.Op("Cast", g.Op("NonZero", "x")), 4, 4);
        Assert.IsFalse(report.Capturable);
        Assert.AreEqual("NonZero", report.Blockers.Single().Op);
        StringAssert.Contains(report.Blockers[0].Reason, "the size of its result depends on the data");

        StringAssert.Contains(Of(g => g.Op("Asinh", "x"), 4, 4).Blockers[0].Reason, "has no kernel for it");
    }

    [TestMethod]
    public void ControlFlowInsideAFunctionBlocks()
    {
        var function = new FunctionProto { Name = "Choose", Domain = "local" };
        function.Node.Add(new NodeProto { OpType = "If", Name = "inner", Output = { "chosen" } });
        var report = Of(g => g.Import("local", 1).Function(function).Op("local::Choose", "x"), 4, 4);
        Assert.AreEqual("its function holds If 'inner': control flow takes its decisions on the CPU, which a graph cannot repeat", report.Blockers.Single().Reason);
    }

    [TestMethod]
    public void AFunctionThatCallsItselfEnds()
    {
        var function = new FunctionProto { Name = "Again", Domain = "local" };
        function.Node.Add(new NodeProto { OpType = "Again", Domain = "local" });
        var g = new GraphBuilder().Import("local", 1).Function(function);
        g.Output(g.Op("local::Again", g.Input("x", Float, 4, 4)), Float, 4, 4);
        Assert.IsTrue(Preflight.Of(g.Unchecked()).Capturable);
    }

    [TestMethod]
    public void ASizeComputedOnTheGpuIsACopyThatBlocks()
    {
        // The length is the number of true elements: made on the GPU, read by Expand on the host.
        var report = Of(g => g.Op("Expand", "x", g.Op("Reshape", g.Op("ReduceSum", g.Cast("x", DataType.Int64)), g.Integers("one", 1))), 4, 4);
        StringAssert.Contains(report.Blockers.Single().Reason, "on the CPU, which Reshape 'node_Reshape_0' makes on the GPU");
    }

    [TestMethod]
    public void ShapeArithmeticStaysOnTheCpuAndDoesNotBlock()
    {
        var report = Of(g => g.Op("Reshape", "x", g.Op("Mul", g.Op("Shape", "x"), g.Integers("one", 1))), "batch", 4);
        Assert.IsTrue(report.Capturable, report.ToJson());
        CollectionAssert.AreEqual(new[] { "batch" }, report.DynamicAxes.ToArray());
        Assert.AreEqual(0, Of(g => g.Op("Reshape", "x", g.Op("Mul", g.Op("Shape", "x"), g.Integers("one", 1))), 4, 4).ShapeNodes, "folded with static shapes");
    }

    [TestMethod]
    [DataRow(false, "Concat", "'flashrt rewrite' replaces it")]
    [DataRow(false, "GatherND", "--shape")]
    [DataRow(true, "GatherND", "rewrite the original")]  // explain knows nothing of it
    public void TheAdviceIsWhatHelpsThisOp(bool rewritten, string op, string advice)
    {
        var model = ModelTests.Load("gemma_fp16_dynamo");
        if (rewritten) Rewriter.Rewrite(model, new RewriteOptions());
        var issues = Preflight.Of(model).Unsafe.Where(i => i.Op == op).ToList();
        Assert.IsNotEmpty(issues);
        foreach (var issue in issues) StringAssert.Contains(issue.Advice, advice);
        model = ModelTests.Load("gemma_fp16_dynamo");
        Rewriter.Rewrite(model, new RewriteOptions { Shapes = new Dictionary<string, long[]> { ["input_ids"] = [1, 24] } });
        Assert.IsTrue(Preflight.Of(model).Safe, "what is advised helps");
    }

    [TestMethod]
    public void OpsThatStageAddressesAreUnsafeUnlessTheyWorkOnShapes()
    {
        Assert.AreEqual("Concat", Of(g => g.Node("Concat", ["x", "x"], [("axis", 0)])[0], 4, 4).Unsafe.Single().Op);
        Assert.AreEqual("GatherND", Of(g => g.Op("GatherND", "x", g.Initializer("i", DataType.Int64, [1, 2], 0, 1)), 4, 4).Unsafe.Single().Op);
        Assert.IsTrue(Of(g => g.Op("Reshape", "x", g.Node("Concat", [g.Integers("a", -1), g.Op("Shape", "x")], [("axis", 0)])[0]), "n", 4).Safe);
    }

    [TestMethod]
    [DataRow(new long[] { 1, 8 }, new long[] { 1, 1 }, true)]
    [DataRow(new long[] { 2, 8 }, new long[] { 2, 8 }, false)]
    [DataRow(new long[] { 2, 8 }, new long[0], false)]
    [DataRow(new long[0], new long[] { 3 }, true)]
    [DataRow(new long[] { 1 }, new long[] { 1, 1 }, false)]
    public void BroadcastMatMulIsUnsafe(long[] left, long[] right, bool isUnsafe)
    {
        var g = new GraphBuilder();
        object[] Dims(long[] batch) => [.. batch.Cast<object>(), 4L, 4L];
        var y = g.Op("MatMul", g.Input("a", Float, Dims(left)), g.Input("b", Float, Dims(right)));
        g.Output(y, Float, Dims(left.Length > right.Length ? left : right));
        Assert.AreEqual(isUnsafe, Preflight.Of(g.Build()).Unsafe.Count == 1);
    }

    [TestMethod]
    public void AnInputReadOnTheHostIsFrozen()
    {
        var g = new GraphBuilder();
        var y = g.Op("Trilu", g.Input("x", Float, 4, 4), g.Input("k", DataType.Int64));
        g.Output(y, Float, 4, 4);
        var report = Preflight.Of(g.Build());
        Assert.IsTrue(report.Capturable);
        Assert.AreEqual("reads 'k' on the CPU, so replays keep the value that it had at capture", report.Frozen.Single().Reason);
    }

    private static PreflightReport Of(Func<GraphBuilder, string> formula, params object[] dims)
    {
        var g = new GraphBuilder();
        g.Input("x", Float, dims);
        g.Output(formula(g), Float, [.. dims.Select(_ => (object)"?")]);
        return Preflight.Of(g.Build());
    }
}
