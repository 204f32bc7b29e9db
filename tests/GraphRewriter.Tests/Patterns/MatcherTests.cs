using FlashRt.GraphRewriter.Patterns;
using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;
using static FlashRt.GraphRewriter.Patterns.Ops;

namespace FlashRt.GraphRewriter.Tests.Patterns;

[TestClass]
public sealed class MatcherTests
{
    private static readonly Var X = new("x"), Y = new("y");

    [TestMethod]
    public void SumsMatchInBothOrders()
    {
        var sum = Root(g => g.Op("Add", g.Op("Neg", "a"), "b"));
        Assert.AreEqual(1, Matcher.Match(Neg(X) + Y, sum).Count());
        Assert.AreEqual(1, Matcher.Match(Y + Neg(X), sum).Count());
        Assert.AreEqual(2, Matcher.Match(X + Y, sum).Count(), "every way is yielded");
    }

    [TestMethod]
    public void DifferencesDoNotCommute()
    {
        var difference = Root(g => g.Op("Sub", g.Op("Neg", "a"), "b"));
        Assert.IsTrue(Matcher.Match(Neg(X) - Y, difference).Any());
        Assert.IsFalse(Matcher.Match(X - Neg(Y), difference).Any());
    }

    [TestMethod]
    public void VariableThatAppearsTwiceIsOneValue()
    {
        Assert.IsTrue(Matcher.Match(X * X, Root(g => g.Op("Mul", "a", "a"))).Any());
        Assert.IsFalse(Matcher.Match(X * X, Root(g => g.Op("Mul", "a", "b"))).Any());
    }

    [TestMethod]
    public void MatcherComesBackFromAWrongTurn()
    {
        // The first operand fits Neg(x) but only the second goes with the rest.
        var root = Root(g => g.Op("Mul", g.Op("Add", g.Op("Neg", "a"), g.Op("Neg", "b")), "b"));
        var match = Matcher.Match((Neg(Y) + Neg(X)) * X, root).Single();
        Assert.AreEqual("b", match[X].Name);
    }

    [TestMethod]
    public void ProductsIgnoreGrouping()
    {
        var pattern = ProductOf(2.0, X, Neg(Y));
        Assert.IsTrue(Matcher.Match(pattern, Root(g => g.Op("Mul", g.Op("Mul", g.Op("Neg", "b"), Two(g)), "a"))).Any());
        Assert.IsTrue(Matcher.Match(pattern, Root(g => g.Op("Mul", "a", g.Op("Mul", Two(g), g.Op("Neg", "b"))))).Any());
        Assert.IsFalse(Matcher.Match(pattern, Root(g => g.Op("Mul", "a", g.Op("Neg", "b")))).Any());
    }

    [TestMethod]
    public void NumbersMatchWithinTheRoundingOfTheModelsTypes()
    {
        Assert.IsTrue(Matcher.Match(X * 0.044715, Root(g => g.Op("Mul", "a", g.Scalar("c", Bfloat16, 0.044715)), Bfloat16)).Any());
        Assert.IsFalse(Matcher.Match(X * 0.044715, Root(g => g.Op("Mul", "a", g.Scalar("c", Float, 0.0455)))).Any());
        Assert.IsFalse(Matcher.Match(Pow(X, 2), Root(g => g.Op("Pow", "a", g.Scalar("c", Float, 2.001)))).Any(), "an exponent is exact");
    }

    [TestMethod]
    public void InputLeftOutMatchesOnlyAnOptionalPattern()
    {
        var root = Root(g => g.Op("Clip", "a", "", "b"));
        Assert.IsTrue(Matcher.Match(new Op("Clip", [X, new Optional(Y), new Optional(new Var("max"))]), root).Any());
        Assert.IsFalse(Matcher.Match(new Op("Clip", [X, Y, new Var("max")]), root).Any());
        Assert.IsFalse(Matcher.Match(new Op("Clip", [X]), root).Any(), "an input that the pattern does not mention");
    }

    [TestMethod]
    public void MissNamesTheElementThatCameFurthest()
    {
        var model = Build(g => g.Op("Sqrt", g.Op("Add", g.Op("Exp", "a"), "b")), Float);
        var pattern = Sqrt(new Op("Exp", [X]).Core() + 1);
        Assert.AreEqual("expected the constant 1, found the graph input b: float32[2]", NearestMiss.Explain(pattern, model.Graph.Nodes[0])!.Reason);
        var other = Sqrt(new Op("Exp", [X]).Core() * X);
        Assert.AreEqual("after node 'node_Exp_0', expected Mul, found Add (node 'node_Add_0')", NearestMiss.Explain(other, model.Graph.Nodes[0])!.Reason);
    }

    private static string Two(GraphBuilder g) => g.Scalar("two", Float, 2);

    private static Value Root(Func<GraphBuilder, string> formula, DataType type = Float) => Build(formula, type).Graph.Nodes[^1].Outputs[0]!;

    private static OnnxModel Build(Func<GraphBuilder, string> formula, DataType type)
    {
        var g = new GraphBuilder();
        g.Input("a", type, 2);
        g.Input("b", type, 2);
        g.Output(formula(g), type, 2);
        return g.Build();
    }
}
