using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;
using static FlashRt.GraphRewriter.Tests.Spellings.ActivationSpellings;
using static FlashRt.GraphRewriter.Tests.Spellings.NormSpellings;

namespace FlashRt.GraphRewriter.Tests.Rules;

[TestClass]
public sealed class GeluRuleTests
{
    public static IEnumerable<object[]> NearMisses =>
    [
        [new NearMiss("another cubic factor", () => Unary((g, x) => Mul(g, x, Half(g), One(g, Cubic(g, x, 0.05)))), "Gelu", "found the constant 0.049988")],
        [new NearMiss("second power", () => Unary((g, x) => Mul(g, x, Half(g), One(g, Tanh(g, x, pow: true, exponent: 2)))), "Gelu", "expected the constant 3")],
        [new NearMiss("another x outside", () => Unary((g, x) => Mul(g, g.Op("Neg", x), Half(g), One(g, Erf(g, x, "Div")))), "Gelu", "expected 'neg_0' again, found the graph input x")],
        [new NearMiss("erf without one", () => Unary((g, x) => Mul(g, x, Half(g), g.Op("Sub", Erf(g, x, "Div"), g.Scalar("one", Float16, 1)))), "Gelu", "expected Add, found Sub (node 'node_Sub_0')")],
        [new NearMiss("in float32 with the constants of float16", () => Wide(WideTanh), "Gelu", "it computes in float32 with the constant 0.04470825, a narrower type's 0.044715")],
    ];

    [TestMethod]
    [DynamicData(nameof(NearMisses))]
    public void LeavesNearMissAlone(NearMiss miss) => miss.Check();

    [TestMethod]
    public void BiasOfAnotherWidthIsLeftAlone()
    {
        var model = Unary((g, x) => g.Op("Gelu", g.Op("Add", x, g.Initializer("b", Float16, [1], 0.5))));
        new NearMiss("bias of one", () => model, "GeluBias", "the bias 'b' is [1]; x ends in 8").Check();
    }

    [TestMethod]
    public void Float32WithItsOwnConstantsIsFused()
    {
        var model = Wide((g, x) => g.Op("Mul", x, g.Op("Sigmoid", g.Op("Mul", x, g.Scalar("k", Float, 1.702)))));
        Assert.AreEqual("Gelu", Rewriter.Rewrite(model, new RewriteOptions()).Sites.Single().Op);
    }

    [TestMethod]
    public void AGateInFloat32WithTheConstantsOfFloat16IsLeftAlone()
    {
        var model = () => Wide((g, x) => g.Op("Mul", WideTanh(g, x), g.Input("up", Float, 2, Width)));
        new NearMiss("gate", model, "GatedActivation", "it computes in float32 with the constant 0.04470825").Check();
    }

    [TestMethod]
    public void AGateOfAnotherTypeThanUpIsLeftAlone()
    {
        var model = () => Wide((g, x) => g.Op("Mul", g.Op("Gelu", x), g.Cast(g.Input("up", Float16, 2, Width), Float)));
        var widened = model();
        Rewriter.Rewrite(widened, new RewriteOptions());
        Assert.AreEqual(Float, widened.Graph.Find(FusedSites.Of(widened).Single(s => s.Op == "GatedActivation").Node.Input[1])!.Type);
    }

    private static OnnxModel Wide(Func<GraphBuilder, string, string> formula)
    {
        var g = new GraphBuilder(20);
        g.Node("Identity", [formula(g, g.Input("x", Float, 2, Width))], outputs: ["y"]);
        g.Output("y", Float, 2, Width);
        return g.Build();
    }

    private static string Cubic(GraphBuilder g, string x, double factor)
    {
        var inner = g.Op("Add", x, g.Op("Mul", g.Scalar("c", Float16, factor), g.Op("Pow", x, g.Scalar("three", Float16, 3))));
        return g.Op("Tanh", g.Op("Mul", g.Scalar("k", Float16, 0.79788456), inner));
    }
}
