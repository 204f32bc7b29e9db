using FlashRt.GraphRewriter.Tests.Spellings;
using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;
using static FlashRt.GraphRewriter.Tests.Spellings.AttentionSpellings;

namespace FlashRt.GraphRewriter.Tests.Rules;

[TestClass]
public sealed class AttentionRuleTests
{
    public static IEnumerable<object[]> NearMisses =>
    [
        [new NearMiss("softmax over the queries", () => Plain(Scaled, axis: 2), "Attention", "the softmax runs over axis 2")],
        [new NearMiss("scale for each head", () => Plain((g, q, k) => g.Op("Mul", Scores(g, q, k), g.Initializer("s", Float, [Heads, 1, 1], 1, 2, 3, 4))), "Attention", "which is not one constant number")],
        [new NearMiss("negative scale", () => Plain((g, q, k) => g.Op("Mul", Scores(g, q, k), g.Scalar("s", Float, -1))), "Attention", "the op takes positive numbers")],
        [new NearMiss("mask that broadcasts the scores", () => Plain((g, q, k) => g.Op("Add", Scaled(g, q, k), g.Input("m", Float, 3, 1, 1, Tokens, Tokens)), after: Narrow), "Attention", "are broadcast to")],
        [new NearMiss("bias under the scale", () => Plain((g, q, k) => g.Op("Div", g.Op("Add", Scores(g, q, k), g.Input("m", Float, 1, 1, Tokens, Tokens)), g.Scalar("r", Float, 2))), "Attention", "is added before the scores are scaled")],
        [new NearMiss("bias under the cap", () => Plain((g, q, k) => g.Op("Tanh", g.Op("Add", Scores(g, q, k), g.Input("m", Float, 1, 1, Tokens, Tokens)))), "Attention", "the op caps first")],
        [new NearMiss("scores chosen by a condition", () => Plain((g, q, k) => g.Op("Where", Condition(g, (i, j) => j <= i), Scaled(g, q, k), g.Scalar("low", Float, -1))), "Attention", "something that does not hide keys")],
        [new NearMiss("probabilities read twice", () => Plain(Scaled, after: (g, p) => g.Op("Add", p, g.Op("Relu", p))), "Attention", "are read by")],
        [new NearMiss("probabilities scaled by head", () => Plain(Scaled, after: (g, p) => g.Op("Mul", p, g.Initializer("hm", Float, [Heads, 1, 1], 1, 0, 1, 1))), "Attention", "not to a product with values")],
        [new NearMiss("probabilities are an output", () => Plain(Scaled, after: (g, p) => { g.Output(p, Float, Batch, Heads, Tokens, Tokens); return p; }), "Attention", "are a graph output")],
        [new NearMiss("scores are an output", () => Plain((g, q, k) => { var s = Scaled(g, q, k); g.Output(s, Float, Batch, Heads, Tokens, Tokens); return s; }), "Attention", "are a graph output")],
        [new NearMiss("scores read elsewhere", () => Plain((g, q, k) => { var s = Scores(g, q, k); g.Output(g.Op("Relu", s), Float, Batch, Heads, Tokens, Tokens); return s; }), "Attention", "are also read by")],
        [new NearMiss("two biases", () => Plain((g, q, k) => g.Op("Add", g.Op("Add", Scaled(g, q, k), g.Input("m", Float, 1, 1, Tokens, Tokens)), g.Input("n", Float, 1, Heads, Tokens, Tokens))), "Attention", "two tensors are added")],
        [new NearMiss("opset 23, cap under a mask", () => Operator(g => [g.Input("m", Float, Tokens, Tokens)], ("softcap", 20f)), "OnnxAttention", "the op caps first")],
    ];

    [TestMethod]
    [DynamicData(nameof(NearMisses))]
    public void LeavesNearMissAlone(NearMiss miss) => miss.Check();

    [TestMethod]
    public void FiniteConditionBecomesABias()
    {
        var text = Spelling.Rewritten(Plain((g, q, k) => g.Op("Where", g.Input("m", Bool, Batch, 1, 1, Tokens), Scaled(g, q, k), g.Scalar("low", Float, -3.4028235e38))), out _);
        StringAssert.Contains(text, "= Where(m, 0, ");
        StringAssert.Contains(text, "com.flashrt::Attention(q, k, v, m.bias)");
    }

    [TestMethod]
    public void DynamicSequencesAreFused()
    {
        var g = new GraphBuilder();
        string In(string name) => Transpose(g, g.Op("Reshape", g.Input(name, Float, "batch", "seq", Heads * Size), g.Integers($"{name}_split", 0, 0, Heads, Size)), 0, 2, 1, 3);
        var (q, k, v) = (In("q"), In("k"), In("v"));
        var o = Transpose(g, g.Op("MatMul", g.Op("Softmax", Scaled(g, q, k)), v), 0, 2, 1, 3);
        g.Node("Reshape", [o, g.Integers("join", 0, 0, Heads * Size)], outputs: ["y"]);
        g.Output("y", Float, "batch", "seq", Heads * Size);
        StringAssert.Contains(Spelling.Rewritten(g.Build(), out _), "y = com.flashrt::Attention(q, k, v) {num_heads=4, num_kv_heads=4, scale=0.353553}");
    }

    [TestMethod]
    public void LargeCausalMaskIsComputedInTheBody()
    {
        const int length = 300;
        var g = new GraphBuilder();
        string[] heads = [.. new[] { "q", "k", "v" }.Select(n => g.Input(n, Float, 1, 2, length, Size))];
        var mask = g.Initializer("mask", Float, [1, 1, length, length], [.. Enumerable.Range(0, length * length).Select(i => i % length <= i / length ? 0 : double.NegativeInfinity)]);
        g.Node("MatMul", [g.Op("Softmax", g.Op("Add", Scaled(g, heads[0], heads[1]), mask)), heads[2]], outputs: ["y"]);
        g.Output("y", Float, 1, 2, length, Size);
        var model = g.Build();
        Rewriter.Rewrite(model, new RewriteOptions());
        var site = FusedSites.Of(model).Single();
        Assert.AreEqual(1, site.Node.Attribute.Single(a => a.Name == "causal").I);
        Assert.IsTrue(site.Body!.CalculateSize() < 1 << 14, $"the body has {site.Body.CalculateSize()} bytes");
        Assert.IsTrue(site.Body.Node.Any(n => n.OpType == "LessOrEqual"));
        Assert.AreEqual(0, model.Proto.Graph.Initializer.Count(t => t.Name == "mask"));
        Assert.AreEqual(1, Restorer.Restore(model));
        Assert.IsTrue(model.Graph.Nodes.All(n => n.Domain.Length == 0));
    }

    private static string Narrow(GraphBuilder g, string p) => g.Op("Squeeze", g.Op("Slice", p, g.Integers("from", 0), g.Integers("to", 1), g.Integers("first", 0)), g.Integers("gone", 0));

    private static OnnxModel Operator(Func<GraphBuilder, string[]> more, params (string, object)[] attributes)
    {
        var g = new GraphBuilder(23);
        string[] inputs = [g.Input("q", Float, Batch, Heads, Tokens, Size), g.Input("k", Float, Batch, Heads, Tokens, Size), g.Input("v", Float, Batch, Heads, Tokens, Size)];
        g.Node("Attention", [.. inputs, .. more(g)], attributes, ["y"]);
        g.Output("y", Float, Batch, Heads, Tokens, Size);
        return g.Build();
    }
}
