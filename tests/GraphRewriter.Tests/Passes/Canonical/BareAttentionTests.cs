using FlashRt.Validation;
using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;

namespace FlashRt.GraphRewriter.Tests.Passes.Canonical;

/// <summary>com.microsoft's MultiHeadAttention and Attention in the forms that ONNX Runtime's optimisers give them: 2 entries, 6 tokens, 4 heads of 8.</summary>
[TestClass]
public sealed class BareAttentionTests
{
    private const int Batch = 2, Tokens = 6, Heads = 4, Size = 8, Width = Heads * Size, Kept = 5;

    public static IEnumerable<object[]> Sites =>
    [
        Case("rows", g => MultiHead(g, Rows(g)), "scale=0.353553"),
        Case("scale", g => MultiHead(g, Rows(g), ("scale", 0.5f)), "scale=0.5"),
        Case("causal", g => MultiHead(g, Rows(g), ("unidirectional", 1)), "scale=0.353553, causal=1"),
        Case("bias", g => MultiHead(g, [.. Rows(g), Bias(g)]), "scale=0.353553"),
        Case("padding of keys", g => MultiHead(g, [.. Rows(g), "", Padding(g, Batch, Tokens)]), "scale=0.353553"),
        Case("numbers of keys", g => MultiHead(g, [.. Rows(g), "", g.Initializer("lengths", DataType.Int32, [Batch], 6, 3)]), "scale=0.353553"),
        Case("padding of keys by query", g => MultiHead(g, [.. Rows(g), "", Padding(g, Batch, Tokens, Tokens)]), "scale=0.353553"),
        Case("padding and causal", g => MultiHead(g, [.. Rows(g), "", Padding(g, Batch, Tokens)], ("unidirectional", 1)), "scale=0.353553"),
        Case("padding, causal and bias of scores", g => MultiHead(g, [.. Rows(g), Bias(g), Padding(g, Batch, Tokens), Scores(g, 1, Tokens)], ("unidirectional", 1)), "scale=0.353553"),
        Case("computed padding and causal", g => MultiHead(g, [.. Rows(g), "", Computed(g)], ("unidirectional", 1)), "scale=0.353553, causal=1"),
        Case("bias of scores", g => MultiHead(g, [.. Rows(g), "", "", Scores(g, Heads, Tokens)]), "scale=0.353553"),
        Case("past and present", g => Present(g, Tokens + Kept, [.. Rows(g), "", "", "", .. Past(g)]), "scale=0.353553"),
        Case("past, present, causal, bias", g => Present(g, Tokens + Kept, [.. Rows(g), Bias(g), "", "", .. Past(g)], ("unidirectional", 1)), "scale=0.353553, causal=1"),
        Case("past, present, padding", g => Present(g, Tokens + Kept, [.. Rows(g), "", Padding(g, Batch, Tokens + Kept), "", .. Past(g)]), "scale=0.353553"),
        Case("present without past", g => Present(g, Tokens, Rows(g)), "scale=0.353553"),
        Case("cross attention", g => MultiHead(g, [g.Input("q", Float, Batch, Tokens, Width), .. Cached(g)]), "scale=0.353553"),

        Case("projection", g => Projected(g, []), "scale=0.353553"),
        Case("projection, causal", g => Projected(g, [], ("unidirectional", 1)), "scale=0.353553, causal=1"),
        Case("projection, padding of keys", g => Projected(g, [Padding(g, Batch, Tokens)]), "scale=0.353553"),
        Case("projection, numbers of keys", g => Projected(g, [g.Initializer("lengths", DataType.Int32, [Batch], 6, 3)]), "scale=0.353553"),
        Case("projection, padding of keys by query", g => Projected(g, [Padding(g, Batch, Tokens, Tokens)]), "scale=0.353553"),
        Case("projection, padding and causal", g => Projected(g, [Padding(g, Batch, Tokens)], ("unidirectional", 1)), "scale=0.353553"),
        Case("projection, bias of scores", g => Projected(g, ["", "", Scores(g, Heads, Tokens)]), "scale=0.353553"),
        Case("projection, past and present", g => PresentOfProjected(g, Tokens + Kept, ["", g.Input("past", Float, 2, Batch, Heads, Kept, Size)], ("unidirectional", 1)), "scale=0.353553, causal=1"),
        Case("projection, present without past", g => PresentOfProjected(g, Tokens, [], ("unidirectional", 1)), "scale=0.353553, causal=1"),
        Case("projection, values of another width", g => Projected(g, [], ("qkv_hidden_sizes", new long[] { 32, 32, 16 })), "scale=0.353553"),
    ];

    [TestMethod]
    [DynamicData(nameof(Sites))]
    public void IsFusedAndComputesTheSame(string name, Action<GraphBuilder> formula, string attributes)
    {
        var model = Model(formula);
        var report = Rewriter.Rewrite(model, new RewriteOptions());
        var text = GraphText.Of(model);
        Assert.AreEqual(1, report.Sites.Count(s => s.Op == "Attention"), $"{name}: {string.Join("; ", report.NotFused.Select(n => n.Reason))}\n{text}");
        StringAssert.Contains(text, attributes, name);
        Assert.AreEqual(attributes.Contains("causal"), text.Contains("causal=1"), text);
        Oracle.AssertSame(Model(formula), model, 2e-5);
        var proof = Validator.Validate(Model(formula), model, new ValidationOptions { Sites = true, Seed = 1 });
        Assert.IsTrue(proof.Passed, $"{name}: {string.Join("; ", proof.Sites.Where(s => !s.Passed))}");
    }

    /// <summary>ONNX Runtime has packed operands on GPUs only, so the reference takes them apart itself.</summary>
    [TestMethod]
    [DataRow(true, false)]
    [DataRow(true, true)]
    [DataRow(false, false)]
    public void PackedOperandsAreTakenApart(bool query, bool causal)
    {
        (string, object)[] attributes = causal ? [("unidirectional", 1)] : [];
        var model = Model(g => MultiHead(g, Packed(g), attributes));
        var report = Rewriter.Rewrite(model, new RewriteOptions());
        Assert.AreEqual("Attention", string.Join(' ', report.Sites.Select(s => s.Op).Distinct()), string.Join("; ", report.NotFused.Select(n => n.Reason)));
        Oracle.AssertSame(Model(g => MultiHead(g, Apart(g, Packed(g)), attributes)), model, 2e-5);

        string[] Packed(GraphBuilder g) => query ? [g.Input("qkv", Float, Batch, Tokens, Heads, 3, Size)] : [g.Input("q", Float, Batch, Tokens, Width), g.Input("kv", Float, Batch, Kept, Heads, 2, Size)];
        string[] Apart(GraphBuilder g, string[] packed) => [.. packed[..^1], .. g.Node("Split", [packed[^1]], [("axis", 3), ("num_outputs", query ? 3 : 2)], query ? ["a", "b", "c"] : ["b", "c"])
            .Select((p, i) => g.Op("Reshape", p, g.Integers($"rows_{i}", 0, 0, Width)))];
    }

    public static IEnumerable<object[]> Left =>
    [
        Case("padding of another length", g => MultiHead(g, [.. Rows(g), "", Padding(g, Batch, Tokens + 1)]), "it adds a bias, or has a padding mask"),
        Case("offsets of sequences", g => MultiHead(g, [.. Rows(g), "", g.Input("offsets", DataType.Int32, 3 * Batch + 2)]), "it adds a bias, or has a padding mask"),
        Case("past without present", g => MultiHead(g, [.. Rows(g), "", "", "", .. Past(g)]), "it concatenates past keys and values itself"),
        Case("past in a buffer", g => MultiHead(g, [.. Rows(g), "", "", "", .. Past(g), g.Input("past_length", DataType.Int32, 1)]), "it concatenates past keys and values itself"),
        Case("causal over open lengths", g => MultiHead(g, [.. new[] { "open", "k", "v" }.Select(n => g.Input(n, Float, Batch, "seq", Width))], ("unidirectional", 1)), "it is causal by attribute"),
    ];

    [TestMethod]
    [DynamicData(nameof(Left))]
    public void IsLeftAloneWithAReason(string name, Action<GraphBuilder> formula, string reason)
    {
        var model = Model(formula);
        var report = Rewriter.Rewrite(model, new RewriteOptions());
        Assert.IsTrue(model.Graph.Nodes.Any(n => n.OpType == "MultiHeadAttention"), name);
        StringAssert.Contains(report.NotFused.Single(n => n.Rule == "MultiHeadAttention").Reason, reason);
    }

    private static object[] Case(string name, Action<GraphBuilder> formula, string text) => [name, formula, text];

    private static string[] Rows(GraphBuilder g) => [.. new[] { "q", "k", "v" }.Select(n => g.Input(n, Float, Batch, Tokens, Width))];

    private static string[] Cached(GraphBuilder g) => [.. new[] { "k", "v" }.Select(n => g.Input(n, Float, Batch, Heads, Kept, Size))];

    private static string[] Past(GraphBuilder g) => [.. new[] { "past_k", "past_v" }.Select(n => g.Input(n, Float, Batch, Heads, Kept, Size))];

    private static string Bias(GraphBuilder g) => g.Initializer("bias", Float, [3 * Width], [.. Enumerable.Range(0, 3 * Width).Select(i => i % 11 / 7.0 - 0.7)]);

    // Every sequence keeps its first keys: all, then all but two.
    private static string Padding(GraphBuilder g, params long[] dims)
    {
        var count = dims.Aggregate((n, d) => n * d);
        return g.Initializer("padding", DataType.Int32, dims, [.. Enumerable.Range(0, (int)count).Select(i => i % dims[^1] < dims[^1] - 2 * (i * Batch / count) ? 1.0 : 0)]);
    }

    private static string Computed(GraphBuilder g) => g.Op("Mul", g.Input("attention_mask", DataType.Int32, Batch, Tokens), Padding(g, Batch, Tokens));

    private static string Scores(GraphBuilder g, int heads, int keys) => g.Input("scores", Float, Batch, heads, Tokens, keys);

    private static void MultiHead(GraphBuilder g, IReadOnlyList<string> inputs, params (string, object)[] attributes)
    {
        g.Node("com.microsoft::MultiHeadAttention", inputs, [("num_heads", Heads), .. attributes], ["y"]);
        g.Output("y", Float, Batch, inputs.Any(i => i == "open") ? "seq" : Tokens, Width);
    }

    private static void Present(GraphBuilder g, int total, IReadOnlyList<string> inputs, params (string, object)[] attributes)
    {
        g.Node("com.microsoft::MultiHeadAttention", inputs, [("num_heads", Heads), .. attributes], ["y", "present_k", "present_v"]);
        g.Output("y", Float, Batch, Tokens, Width);
        foreach (var present in new[] { "present_k", "present_v" }) g.Output(present, Float, Batch, Heads, total, Size);
    }

    private static void Projected(GraphBuilder g, IReadOnlyList<string> more, params (string Name, object Value)[] attributes)
    {
        var values = attributes.Any(a => a.Name == "qkv_hidden_sizes") ? Width / 2 : Width;
        g.Node("com.microsoft::Attention", [.. Weights(g, 2 * Width + values), .. more], [("num_heads", Heads), .. attributes], ["y"]);
        g.Output("y", Float, Batch, Tokens, values);
    }

    private static void PresentOfProjected(GraphBuilder g, int total, IReadOnlyList<string> more, params (string Name, object Value)[] attributes)
    {
        g.Node("com.microsoft::Attention", [.. Weights(g, 3 * Width), .. more], [("num_heads", Heads), .. attributes], ["y", "present"]);
        g.Output("y", Float, Batch, Tokens, Width);
        g.Output("present", Float, 2, Batch, Heads, total, Size);
    }

    private static string[] Weights(GraphBuilder g, int columns) => [g.Input("x", Float, Batch, Tokens, 16),
        g.Initializer("w", Float, [16, columns], [.. Enumerable.Range(0, 16 * columns).Select(i => (i * 7 % 23 - 11) / 40.0)]),
        g.Initializer("b", Float, [columns], [.. Enumerable.Range(0, columns).Select(i => i % 5 / 9.0)])];

    private static OnnxModel Model(Action<GraphBuilder> formula)
    {
        var g = new GraphBuilder(18).Import("com.microsoft", 1);
        formula(g);
        return g.Build();
    }
}
