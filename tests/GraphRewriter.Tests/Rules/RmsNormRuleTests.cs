using FlashRt.GraphRewriter.Tests.Spellings;
using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;
using static FlashRt.GraphRewriter.Tests.Spellings.NormSpellings;

namespace FlashRt.GraphRewriter.Tests.Rules;

[TestClass]
public sealed class RmsNormRuleTests
{
    public static IEnumerable<object[]> NearMisses =>
    [
        [new NearMiss("third power", () => Plain(exponent: 3), "RmsNorm", "expected the constant 2, found the constant 3")],
        [new NearMiss("another axis", () => Plain(axis: 1), "RmsNorm", "ReduceMean over the last axis only")],
        [new NearMiss("axis dropped", () => Plain(keepdims: 0), "RmsNorm", "with keepdims")],
        [new NearMiss("epsilon computed", EpsilonFromInput, "RmsNorm", "expected a constant epsilon between 0 and 1, found the graph input")],
        [new NearMiss("another x", OtherX, "RmsNorm", "expected")],
        [new NearMiss("mean used elsewhere", () => InnerValueIsOutput("reducemean_0"), "RmsNorm", "'reducemean_0' (node 'node_ReduceMean_0', ReduceMean) is a graph output")],
        [new NearMiss("root read twice", InnerValueReused, "RmsNorm", "is also read by node 'node_Neg_0' (Neg)")],
        [new NearMiss("Exp instead of Sqrt", NotARoot, "RmsNorm", "expected Sqrt, found Exp (node 'node_Exp_0')")],
        [new NearMiss("float64", Double, "RmsNorm", "is float64")],
    ];

    [TestMethod]
    [DynamicData(nameof(NearMisses))]
    public void LeavesNearMissAlone(NearMiss miss) => miss.Check();

    [TestMethod]
    public void WideResultKeepsTheCastOutside()
    {
        var model = Rms(Float16, (g, n) => g.Op("Mul", n, g.Initializer("w", Float, [Width], Ramp(Width)))).Retyped("y", Float);
        var text = Spelling.Rewritten(model, out _);
        StringAssert.Contains(text, "cast_0 = Cast(x) {to=1}\ny = com.flashrt::RmsNorm(cast_0, w)");
    }

    [TestMethod]
    public void DynamicScaleBecomesAWeightlessNormTimesTheScale()
    {
        var model = Rms(Float16, (g, n) => g.Op("Mul", g.Cast(n, Float16), g.Input("scale", Float16, 2, "seq", Width)));
        var text = Spelling.Rewritten(model, out _);
        StringAssert.Contains(text, "cast_1 = com.flashrt::RmsNorm(x)");
        StringAssert.Contains(text, "y = Mul(cast_1, scale)");
    }

    [TestMethod]
    public void CastSharedByTwoNormsStaysForNeither()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Float16, 2, "seq", Width);
        var wide = g.Cast(x, Float);
        var axes = g.Integers("axes", -1);
        foreach (var name in new[] { "a", "b" })
        {
            var sum = g.Op("Add", g.Op("ReduceMean", g.Op("Mul", wide, wide), axes), g.Scalar($"eps_{name}", Float, 1e-6));
            var y = g.Node("Cast", [g.Op("Div", wide, g.Op("Sqrt", sum))], [("to", (long)Float16)], [name])[0];
            g.Output(y, Float16, 2, "seq", Width);
        }
        var model = g.Build();
        var original = model.Proto.Clone();
        var report = Rewriter.Rewrite(model, new RewriteOptions());
        Assert.AreEqual(2, report.Fusions["RmsNorm"]);
        Assert.AreEqual(2, report.NodesAfter);
        Restorer.Restore(model);
        Assert.IsNull(GraphDiff.First(original, model.Proto));
    }

    [TestMethod]
    public void CastReadByOthersStaysForThem()
    {
        var model = Rms(Float16, (g, n) =>
        {
            g.Output(g.Op("Neg", "cast_0"), Float, 2, "seq", Width);
            return g.Cast(n, Float16);
        });
        var text = Spelling.Rewritten(model, out var report);
        Assert.AreEqual(1, report.Fusions["RmsNorm"]);
        StringAssert.Contains(text, "cast_0 = Cast(x) {to=1}");
        StringAssert.Contains(text, "y = com.flashrt::RmsNorm(x)");
    }

    private static OnnxModel Plain(double exponent = 2, long axis = -1, int keepdims = 1) =>
        Rms(Float, (g, n) => g.Op("Mul", n, g.Initializer("w", Float, [Width], Ramp(Width))), exponent: exponent, axis: axis, keepdims: keepdims);

    private static OnnxModel EpsilonFromInput() => Edit(Plain(), g =>
    {
        g.Initializer.Remove(g.Initializer.First(t => t.Name == "eps"));
        g.Input.Add(new ValueInfoProto { Name = "eps", Type = new TypeProto { TensorType = new() { ElemType = (int)Float, Shape = new() } } });
    });

    private static OnnxModel OtherX() => Edit(Plain(), g =>
    {
        var other = g.Input[0].Clone();
        other.Name = "other";
        g.Input.Add(other);
        g.Node.First(n => n.OpType == "Pow").Input[0] = "other";
    });

    private static OnnxModel NotARoot() => Edit(Plain(), g =>
    {
        var sqrt = g.Node.First(n => n.OpType == "Sqrt");
        (sqrt.OpType, sqrt.Name) = ("Exp", "node_Exp_0");
    });

    private static OnnxModel InnerValueIsOutput(string name) => Edit(Plain(), g => g.Output.Add(new ValueInfoProto { Name = name }));

    private static OnnxModel InnerValueReused() => Edit(Plain(), g =>
    {
        var neg = new NodeProto { OpType = "Neg", Name = "node_Neg_0" };
        neg.Input.Add("sqrt_0");
        neg.Output.Add("neg");
        g.Node.Add(neg);
        g.Output.Add(new ValueInfoProto { Name = "neg" });
    });

    private static OnnxModel Double()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Double, 2, Width);
        var sum = g.Op("Add", g.Op("ReduceMean", g.Op("Mul", x, x), g.Integers("axes", -1)), g.Scalar("eps", DataType.Double, 1e-6));
        g.Output(g.Op("Div", x, g.Op("Sqrt", sum)), DataType.Double, 2, Width);
        return g.Build();
    }

    private static OnnxModel Edit(OnnxModel model, Action<GraphProto> edit)
    {
        edit(model.Proto.Graph);
        return new OnnxModel(model.Proto);
    }
}
