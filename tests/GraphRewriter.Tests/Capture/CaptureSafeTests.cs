using FlashRt.GraphRewriter.Capture;
using FlashRt.GraphRewriter.Passes;
using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;

namespace FlashRt.GraphRewriter.Tests.Capture;

/// <summary>What would be captured unsafely is replaced by ours; what works with shapes, or what ours cannot do, stays.</summary>
[TestClass]
public sealed class CaptureSafeTests
{
    [TestMethod]
    public void ConcatSplitAndScatterAreReplaced()
    {
        var model = Rewritten(g =>
        {
            var parts = g.Node("Split", ["x"], [("axis", -1), ("num_outputs", 3)], ["a", "b", "c"]);
            return g.Op("ScatterND", g.Node("Concat", [parts[2], parts[0], parts[1]], [("axis", -1)])[0], g.Initializer("at", DataType.Int64, [1, 1], 1), "row");
        }, out var report);
        CollectionAssert.AreEqual(new[] { "Split", "Concat", "ScatterND" }, report.Sites.Select(s => s.Op).ToArray());
        CollectionAssert.AreEqual(new long[] { 3, 3, 2 }, model.Graph.Nodes[0].Ints("sizes"), "8 in three parts");
        Assert.IsTrue(Preflight.Of(model).Safe);
    }

    [TestMethod]
    public void ShapeArithmeticStays()
    {
        var model = Rewritten(g => g.Op("Reshape", "x", g.Node("Concat", [g.Integers("m", -1), g.Op("Shape", "y")], [("axis", 0)])[0]), out var report);
        Assert.IsEmpty(report.Sites, GraphText.Of(model));
    }

    [TestMethod]
    public void WhatTheOpsCannotDoStaysWithAReason()
    {
        _ = Rewritten(g => g.Node("Concat", [.. Enumerable.Repeat("x", 17)], [("axis", 0)])[0], out var report);
        Assert.AreEqual("it joins 17 tensors; the op takes 16", report.NotFused.Single().Reason);
        _ = Rewritten(g => g.Cast(g.Op("Relu", g.Node("Concat", [g.Cast("x", DataType.Double), g.Cast("x", DataType.Double)], [("axis", 0)])[0]), Float), out report);
        StringAssert.Contains(report.NotFused.Single().Reason, "is float64; the op takes float32, ");
        _ = Rewritten(g => g.Node("ScatterND", ["x", g.Initializer("at", DataType.Int64, [1, 1], 1), "row"], [("reduction", "add")])[0], out report);
        Assert.IsEmpty(report.Sites);
    }

    [TestMethod]
    public void RulesOfACallerAreAllThatRuns()
    {
        var g = Graph(b => b.Node("Concat", ["x", "x"], [("axis", 0)])[0]);
        Assert.IsEmpty(Rewriter.Rewrite(g, new RewriteOptions { Rules = [] }).Sites);
    }

    [TestMethod]
    [DataRow(new long[] { 1, 4, 3, 5 }, new long[] { 1, 1, 5, 2 }, "Reshape Reshape MatMul Reshape")]  // multi-query attention
    [DataRow(new long[] { 2, 2, 3, 3, 5 }, new long[] { 2, 2, 1, 5, 2 }, "Reshape Reshape MatMul Reshape")]  // grouped heads
    [DataRow(new long[] { 1, 1, 3, 5 }, new long[] { 1, 4, 5, 2 }, "Expand MatMul")]
    [DataRow(new long[] { 2, 1, 3, 5 }, new long[] { 1, 4, 5, 2 }, "Expand Expand MatMul")]
    [DataRow(new long[] { 3, 5 }, new long[] { 4, 5, 2 }, "Expand MatMul")]
    public void BroadcastMatMulGetsEqualBatches(long[] left, long[] right, string ops)
    {
        var g = new GraphBuilder();
        var y = g.Op("MatMul", g.Input("a", Float, [.. left.Cast<object>()]), g.Input("b", Float, [.. right.Cast<object>()]));
        g.Output(y, Float, [.. Enumerable.Repeat<object>("?", Math.Max(left.Length, right.Length))]);
        var model = g.Build();
        Assert.AreEqual(1, Preflight.Of(model).Unsafe.Count);
        _ = Rewriter.Rewrite(model, new RewriteOptions());
        Assert.AreEqual(ops, string.Join(' ', model.Graph.Nodes.Select(n => n.OpType).Where((op, i) => op != "Reshape" || ops.Contains(op))), GraphText.Of(model));
        model.Invalidate();
        Assert.AreEqual(0, Preflight.Of(model).Unsafe.Count);
        Assert.AreEqual(0, new StridedMatMul().Run(new PassContext(model, new RewriteOptions())), "a second time");
    }

    private static OnnxModel Rewritten(Func<GraphBuilder, string> formula, out RewriteReport report)
    {
        var model = Graph(formula);
        report = Rewriter.Rewrite(model, new RewriteOptions());
        return model;
    }

    private static OnnxModel Graph(Func<GraphBuilder, string> formula)
    {
        var g = new GraphBuilder();
        g.Input("x", Float, 4, 8);
        g.Input("y", Float, "n", 2);
        g.Input("row", Float, 1, 8);
        g.Output(formula(g), Float, "?", "?");
        return g.Build();
    }
}
