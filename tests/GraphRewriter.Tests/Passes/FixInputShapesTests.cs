using FlashRt.GraphRewriter.Passes;
using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;

namespace FlashRt.GraphRewriter.Tests.Passes;

/// <summary>--shape and --dims: a dynamic export becomes fully static, and what follows from the sizes is stored.</summary>
[TestClass]
public sealed class FixInputShapesTests
{
    private static readonly HashSet<string> Host =
        [.. "Shape Size Range ConstantOfShape Equal Less LessOrEqual Greater GreaterOrEqual And Or Not GatherND ScatterND CumSum Trilu NonZero Cos Sin".Split(' ')];

    [TestMethod]
    public void NothingIsComputedFromSizesAnyMore()
    {
        var model = ModelTests.Load("gemma_fp16_dynamo");
        Rewriter.Rewrite(model, new RewriteOptions { Dims = new Dictionary<string, long> { ["sequence"] = 24 }, Rules = [] });
        Assert.AreEqual("", string.Join(", ", model.Graph.Nodes.Where(n => Host.Contains(n.OpType) || n.Outputs.Any(o => o!.Type.IsInteger()))));
        Assert.AreEqual("", string.Join(", ", model.Graph.Values.Where(v => v.Shape?.Static() is null)));
        Assert.IsTrue(model.Proto.Graph.Output.Concat(model.Proto.Graph.ValueInfo).SelectMany(v => v.Type.TensorType.Shape.Dim).All(d => d.HasDimValue));
    }

    [TestMethod]
    public void ShapesAndDimsGiveTheSame()
    {
        var (byDims, byShape) = (ModelTests.Load("gemma_fp16_dynamo"), ModelTests.Load("gemma_fp16_dynamo"));
        Rewriter.Rewrite(byDims, new RewriteOptions { Dims = new Dictionary<string, long> { ["sequence"] = 24 } });
        Rewriter.Rewrite(byShape, new RewriteOptions { Shapes = new Dictionary<string, long[]> { ["input_ids"] = [1, 24] } });
        Assert.AreEqual(byDims.Proto, byShape.Proto);
    }

    [TestMethod]
    public void FormulasOfSymbolsFollow()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Float, "batch", "seq");
        var mask = g.Input("mask", Float, "batch", "past + seq");
        g.Output(g.Node("Concat", [x, mask], [("axis", 1)])[0], Float, "batch", "past + 2*seq");
        var model = g.Build();
        Rewriter.Rewrite(model, new RewriteOptions { Dims = new Dictionary<string, long> { ["batch"] = 2, ["seq"] = 3, ["past"] = 4 } });
        Assert.AreEqual("[2,7]", model.Graph.Find("mask")!.Shape!.ToString());
        Assert.AreEqual("2 10", string.Join(' ', model.Proto.Graph.Output[0].Type.TensorType.Shape.Dim.Select(d => d.DimValue)));
    }

    [TestMethod]
    [DataRow("seq", 24L, "has no axis called 'seq' among its inputs; their axes are called sequence")]
    [DataRow("sequence", -1L, "the axis 'sequence' cannot be -1")]
    public void ImpossibleDimsAreRefused(string symbol, long size, string reason)
    {
        var options = new RewriteOptions { Dims = new Dictionary<string, long> { [symbol] = size } };
        StringAssert.Contains(Assert.ThrowsExactly<OnnxModelException>(() => Rewriter.Rewrite(ModelTests.Load("gemma_fp16_dynamo"), options)).Message, reason);
    }

    [TestMethod]
    [DataRow("seq", 24L)]
    [DataRow("past + 2*seq", 58L)]
    [DataRow("(seq//7) * (past - 1)", 27L)]
    [DataRow("Max(1, seq - 30)", 1L)]
    [DataRow("-(seq) + 30 % 7", -22L)]
    [DataRow("seq + other", null)]
    [DataRow("seq +", null)]
    [DataRow("seq // 0", null)]
    public void Formulas(string text, long? expected) =>
        Assert.AreEqual(expected, DimExpression.Evaluate(text, new Dictionary<string, long> { ["seq"] = 24, ["past"] = 10 }));
}
