using FlashRt.GraphRewriter.Passes;
using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;

namespace FlashRt.GraphRewriter.Tests.Passes;

/// <summary>--repair: what a model with mixed types becomes, what is said about it, and what happens without it.</summary>
[TestClass]
public sealed class RepairTypesTests
{
    public static IEnumerable<object[]> Promotions =>
    [
        new object[] { new (DataType, int)[] { (Float16, 1), (Float, 1) }, Float },
        new object[] { new (DataType, int)[] { (Float16, 1), (Bfloat16, 2) }, Float },
        new object[] { new (DataType, int)[] { (Float16, 1), (Float, 0) }, Float16 },  // a number of rank zero does not widen
        new object[] { new (DataType, int)[] { (DataType.Int64, 2), (Float16, 0) }, Float16 },
        new object[] { new (DataType, int)[] { (Float, 1), (DataType.Double, 1) }, DataType.Double },
        new object[] { new (DataType, int)[] { (DataType.Int32, 1), (DataType.Int64, 1) }, DataType.Int64 },
        new object[] { new (DataType, int)[] { (Uint8, 1), (Int8, 1) }, DataType.Int16 },
        new object[] { new (DataType, int)[] { (Bool, 1), (DataType.Int32, 0) }, DataType.Int32 },
    ];

    [TestMethod]
    [DynamicData(nameof(Promotions))]
    public void PromotesAsPyTorchDoes((DataType Type, int Rank)[] operands, DataType expected)
    {
        var g = new GraphBuilder();
        string[] names = [.. operands.Select((o, i) => g.Input($"x{i}", o.Type, [.. Enumerable.Repeat<object>(2, o.Rank)]))];
        g.Output(names[0], Undefined);
        var graph = g.Build().Graph;
        Assert.AreEqual(expected, Promotion.Of([.. names.Select(n => graph.Find(n)!)]));
    }

    [TestMethod]
    public void MixedProductIsRepairedAndTheInterfaceStays()
    {
        var model = Mixed();
        var report = Rewriter.Rewrite(model, new RewriteOptions { Repair = true });
        Assert.AreEqual("x.float32 = Cast(x) {to=1} | mul_0.float32 = Mul(x.float32, w) | mul_0 = Cast(mul_0.float32) {to=10}",
            string.Join(" | ", model.Graph.Nodes.Select(GraphText.Of)));
        Assert.AreEqual("node_Mul_0: Mul now reads 'x' cast from float16 to float32 | node_Mul_0: the graph output 'mul_0' is cast from float32 to float16, its declared type",
            string.Join(" | ", report.Repairs.Select(r => $"{r.Node}: {r.Change}")));
        StringAssert.Contains(report.ToJson(), "\"repairs\"");
        Assert.AreEqual(0, Rewriter.Rewrite(model, new RewriteOptions { Repair = true }).Repairs.Count);
    }

    [TestMethod]
    public void ACastServesEveryNodeAndUntrueNotesGo()
    {
        var g = new GraphBuilder();
        var (x, w) = (g.Input("x", Float16, 4), g.Initializer("w", Float, [4], 1, 2, 3, 4));
        var product = g.Note(g.Op("Mul", x, w), Float16, 4);
        g.Output(g.Op("Add", g.Op("Neg", product), g.Op("Sub", x, w)), Float, 4);
        var model = g.Unchecked();
        Rewriter.Rewrite(model, new RewriteOptions { Repair = true, Rules = [] });
        Assert.AreEqual(1, model.Graph.Nodes.Count(n => n.OpType == "Cast"));
        Assert.AreEqual(0, model.Proto.Graph.ValueInfo.Count);
    }

    [TestMethod]
    public void NormsKeepTheTypeOfTheirScale()
    {
        var g = new GraphBuilder(opset: 23);
        g.Output(g.Op("RMSNormalization", g.Input("x", Float, 2, 4), g.Initializer("w", Float16, [4], 1, 2, 3, 4)), Float16, 2, 4);
        var model = g.Build();
        Rewriter.Rewrite(model, new RewriteOptions { Repair = true, Rules = [] });
        Assert.AreEqual("RMSNormalization Cast", string.Join(' ', model.Graph.Nodes.Select(n => n.OpType)));
        Assert.AreEqual(Float16, model.Graph.Find(model.Proto.Graph.Output[0].Name)!.Type);
    }

    [TestMethod]
    public void WithoutRepairTheNodeIsNamed()
    {
        var error = Assert.ThrowsExactly<OnnxModelException>(() => Rewriter.Rewrite(Mixed(), new RewriteOptions()));
        StringAssert.Contains(error.Message, "node node_Mul_0 (Mul) mixes float16 ('x') with float32 ('w')");
        StringAssert.Contains(error.Message, "--repair");
    }

    [TestMethod]
    public void WhatOnlyOnnxRuntimeRefusesIsRefusedUnlessARuleTakesItIn()
    {
        var g = new GraphBuilder(opset: 23);
        var x = g.Input("x", Float16, 2, 3, 4);
        g.Output(g.Node("RMSNormalization", [x, g.Initializer("w", Float, [3, 4], new double[12])], [("axis", 1)])[0], Float, 2, 3, 4);
        var error = Assert.ThrowsExactly<OnnxModelException>(() => Rewriter.Rewrite(g.Build(), new RewriteOptions()));
        StringAssert.Contains(error.Message, "ONNX Runtime has no kernel for that");
    }

    private static OnnxModel Mixed()
    {
        var g = new GraphBuilder();
        g.Output(g.Op("Mul", g.Input("x", Float16, 4), g.Initializer("w", Float, [4], 1, 2, 3, 4)), Float16, 4);
        return g.Unchecked();
    }
}
