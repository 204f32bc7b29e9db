using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;

namespace FlashRt.GraphRewriter.Tests.Passes.Canonical;

/// <summary>com.microsoft ops as ONNX Runtime's optimisers write them: written out they compute the same, and the rules see them.</summary>
[TestClass]
public sealed class ExpandContribTests
{
    public static IEnumerable<object[]> Cases =>
    [
        Case("skip layer norm", g => g.Node(M("SkipLayerNormalization"), [X, Y, W(g), B(g)], [("epsilon", 1e-5f)])[0], "Add LayerNormalization"),
        Case("skip layer norm with bias", g => g.Node(M("SkipLayerNormalization"), [X, Y, W(g), B(g), g.Initializer("c", Float, [4], 3, 1, 4, 1)])[0], "Add Add LayerNormalization"),
        Case("skip layer norm, sum read on", g => { var n = g.Node(M("SkipLayerNormalization"), [X, Y, W(g), B(g)], null, ["y0", "", "", "sum"]); return g.Op("Add", n[0], n[3]); }, "Add LayerNormalization Add"),
        Case("skip RMS norm", g => g.Node(M("SkipSimplifiedLayerNormalization"), [X, Y, W(g)], [("epsilon", 1e-5f)])[0], "Add SimplifiedLayerNormalization"),
        Case("skip RMS norm with bias and sum", g => { var n = g.Node(M("SkipSimplifiedLayerNormalization"), [X, Y, W(g), B(g)], [("epsilon", 1e-5f)], ["y0", "", "", "sum"]); return g.Op("Mul", n[0], n[3]); }, "Add Add SimplifiedLayerNormalization Mul"),
        Case("bias gelu", g => g.Op(M("BiasGelu"), X, B(g)), "Add Gelu"),
        Case("fast gelu with bias", g => g.Op(M("FastGelu"), X, B(g)), "Add FastGelu"),
        Case("fast gelu stays", g => g.Op(M("FastGelu"), X), "FastGelu"),
        Case("quick gelu stays", g => g.Op(M("QuickGelu"), X), "QuickGelu"),
        Case("fused product", g => g.Node(M("FusedMatMul"), [X, Y], [("transB", 1), ("alpha", 0.125f)])[0], "Transpose MatMul Mul"),
        Case("fused product, left transposed", g => g.Node(M("FusedMatMul"), [X, Y], [("transA", 1)])[0], "Transpose MatMul"),
        Case("a weight that would have to be transposed stays", g => g.Node(M("FusedMatMul"), [X, g.Initializer("w", Float, [5, 4], [.. Enumerable.Range(0, 20).Select(i => i / 7.0)])], [("transB", 1)])[0], "FusedMatMul"),
        Case("product with activation", g => g.Node(M("FusedGemm"), [g.Op("Reshape", X, g.Integers("s", 6, 4)), g.Initializer("w", Float, [4, 3], [.. Enumerable.Range(0, 12).Select(i => i - 5.5)]), g.Initializer("b", Float, [3], 1, 2, 3)], [("activation", "Relu")])[0], "Reshape Gemm Relu"),
    ];

    private static string X => "x";

    private static string Y => "y";

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void ComputesTheSame(string name, Func<GraphBuilder, string> formula, string ops)
    {
        var model = ModelTests.Canonical(Model(formula));
        Assert.AreEqual(ops, string.Join(' ', model.Graph.Nodes.Select(n => n.OpType)), name);
        Oracle.AssertSame(Model(formula), model, 1e-5);
    }

    [TestMethod]
    public void ANormWhoseMeanIsReadStays()
    {
        var g = new GraphBuilder().Import("com.microsoft", 1);
        var norm = g.Node(M("SkipLayerNormalization"), [g.Input("x", Float, 2, 3, 4), g.Input("y", Float, 2, 3, 4), W(g), B(g)], null, ["norm", "mean"]);
        g.Output(norm[0], Float, 2, 3, 4);
        g.Output(norm[1], Float, 2, 3, 1);
        Assert.AreEqual("SkipLayerNormalization", ModelTests.Canonical(g.Build()).Graph.Nodes.Single().OpType);
    }

    [TestMethod]
    [DataRow("SkipLayerNormalization", "AddLayerNorm")]
    [DataRow("SkipSimplifiedLayerNormalization", "AddRmsNorm")]
    public void SkipNormsAreFused(string op, string fused)
    {
        var model = Model(g => g.Node(M(op), op.Contains("Simplified") ? [X, Y, W(g)] : [X, Y, W(g), B(g)], [("epsilon", 1e-5f)])[0]);
        Assert.AreEqual(fused, FusedSites.Of(Rewritten(model)).Single().Op);
    }

    private static OnnxModel Rewritten(OnnxModel model)
    {
        Rewriter.Rewrite(model, new RewriteOptions());
        return model;
    }

    private static object[] Case(string name, Func<GraphBuilder, string> formula, string ops) => [name, formula, ops];

    private static string M(string op) => $"com.microsoft::{op}";

    private static string W(GraphBuilder g) => g.Initializer("gamma", Float, [4], 1, 0.5, 2, -1);

    private static string B(GraphBuilder g) => g.Initializer("beta", Float, [4], 0.1, 0.2, 0, -0.3);

    private static OnnxModel Model(Func<GraphBuilder, string> formula)
    {
        var g = new GraphBuilder().Import("com.microsoft", 1);
        g.Input("x", Float, 2, 3, 4);
        g.Input("y", Float, 2, 3, 4);
        var value = formula(g);
        var rank = g.Build().Graph.Find(value)!.Shape!.Static()!;
        g.Output(value, Float, [.. rank.Cast<object>()]);
        return g.Build();
    }
}
