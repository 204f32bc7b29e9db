using FlashRt.Validation;
using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;

namespace FlashRt.GraphRewriter.Tests.Passes.Canonical;

/// <summary>GroupQueryAttention as the genai model builder writes it: prompts, decode steps, caches of fixed length; 4 heads of 16 over 2.</summary>
[TestClass]
public sealed class ExpandGroupQueryTests
{
    public static IEnumerable<object[]> Sites =>
    [
        Case("prompt", new(2, 6)),
        Case("prompt without rotation", new(2, 6) { Rotary = false }),
        Case("prompt with an empty past", new(1, 6) { Past = 0 }),
        Case("prompt into a cache of fixed length", new(1, 6) { Past = 9 }),
        Case("prompt, packed", new(1, 6) { Packed = true }),
        Case("prompt, packed, interleaved", new(1, 6) { Packed = true, Attributes = [("rotary_interleaved", 1)] }),
        Case("prompt, half of a head rotated", new(1, 6) { Size = 32, TableWidth = 8 }),
        Case("prompt, window", new(1, 6) { Attributes = [("local_window_size", 3)] }),
        Case("prompt, cap and scale", new(1, 6) { Attributes = [("softcap", 5f), ("scale", 0.4f)] }),
        Case("prompt, smooth softmax", new(1, 6) { Attributes = [("smooth_softmax", 1)] }),
        Case("prompt, sink", new(2, 6) { Sink = true }),
        Case("prompt, bias", new(2, 6) { Bias = true }),
        Case("decode, positions", new(2, 1) { Past = 5, Positions = true }),
        Case("three tokens after a past, positions", new(1, 3) { Past = 5, Positions = true }),
        Case("prompt, padded", new(2, 6) { Padding = 2 }),
        Case("prompt of float16", new(2, 6) { Type = Float16 }),
        Case("one token from the start", new(1, 1)),
        Case("decode", new(1, 1) { Past = 5 }),
        Case("decode of a batch", new(3, 1) { Past = 5 }),
        Case("decode of a batch of sequences of different length", new(3, 1) { Past = 5, Padding = 2 }),
        Case("decode, packed", new(1, 1) { Past = 5, Packed = true }),
        Case("decode of float16", new(2, 1) { Past = 5, Type = Float16, Padding = 1 }),
        Case("decode, window", new(2, 1) { Past = 5, Padding = 1, Attributes = [("local_window_size", 3)] }),
        Case("decode, cap, sink", new(2, 1) { Past = 5, Sink = true, Attributes = [("softcap", 5f)] }),
        Case("decode, bias", new(2, 1) { Past = 5, Bias = true }),
        Case("decode in a cache of fixed length", new(2, 1) { Past = 9, Total = 6, Padding = 1 }),
        Case("decode in a full cache", new(1, 1) { Past = 6, Total = 6 }),
        Case("decode, lengths known", new(2, 1) { Past = 5, Known = true }),
        Case("decode in a cache of fixed length, lengths known", new(2, 1) { Past = 9, Total = 6, Known = true }),
        Case("three tokens after a past", new(1, 3) { Past = 5 }),
        Case("three tokens after a past, window", new(1, 3) { Past = 5, Attributes = [("local_window_size", 4)] }),
        Case("three tokens after a shorter past", new(1, 3) { Past = 5, Padding = 2 }),
        Case("three tokens in a cache of fixed length", new(1, 3) { Past = 9, Total = 7 }),
        Case("three tokens after a past, lengths known", new(1, 3) { Past = 5, Known = true, Attributes = [("local_window_size", 4)] }),
        Case("a head of keys for each", new(1, 6) { KvHeads = 4 }),
        Case("one head of keys", new(1, 1) { KvHeads = 1, Past = 5 }),
    ];

    [TestMethod]
    [DynamicData(nameof(Sites))]
    public void IsFusedAndComputesTheSame(string name, Layer layer)
    {
        var model = layer.Model();
        var report = Rewriter.Rewrite(model, new RewriteOptions());
        Assert.IsFalse(model.Graph.Nodes.Any(n => n.OpType is "GroupQueryAttention" or "Softmax"), $"{name}: {string.Join("; ", report.NotFused.Select(n => n.Reason))}\n{GraphText.Of(model)}");
        Assert.AreEqual(1, report.Sites.Count(s => s.Op == "Attention"), name);
        Assert.AreEqual(layer.Rotary ? 2 : 0, report.Sites.Count(s => s.Op == "RotaryEmbedding"), name);
        Oracle.AssertSame(layer.Model(), model, layer.Type == Float ? 1e-5 : 4e-3);
        var proof = Validator.Validate(layer.Model(), model, new ValidationOptions { Sites = true, Seed = 1 });
        Assert.IsTrue(proof.Passed, $"{name}: {string.Join("; ", proof.Sites!.Where(s => !s.Passed).Select(s => s.ToString()))}");
    }

    [TestMethod]
    public void ADecodeStepReadsItsLengthOnTheDevice()
    {
        var model = new Layer(2, 1) { Past = 5 }.Model();
        Rewriter.Rewrite(model, new RewriteOptions());
        var attention = FusedSites.Of(model).Single(s => s.Op == "Attention").Node;
        Assert.AreEqual(6, attention.Input.Count, GraphText.Of(model));
        Assert.AreEqual("", attention.Input[4]);
        Assert.AreEqual(DataType.Int64, model.Graph.Find(attention.Input[5])!.Type);
        Assert.AreEqual("[2]", model.Graph.Find(attention.Input[5])!.Shape!.ToString());
    }

    [TestMethod]
    public void LayersShareWhatDependsOnLengthsAlone()
    {
        var (one, two) = (new Layer(2, 1) { Past = 5, Packed = true }.Model(), new Layer(2, 1) { Past = 5, Packed = true }.Model(layers: 2));
        foreach (var model in new[] { one, two }) Rewriter.Rewrite(model, new RewriteOptions());
        foreach (var op in new[] { "Less", "Equal", "ReduceSum", "Gather" })
            Assert.AreEqual(one.Graph.Nodes.Count(n => n.OpType == op), two.Graph.Nodes.Count(n => n.OpType == op), op);
        Assert.AreEqual(2, FusedSites.Of(two).Count(s => s.Op == "Attention"));
    }

    [TestMethod]
    public void ASecondRewriteChangesNothing()
    {
        var model = new Layer(2, 1) { Past = 5 }.Model();
        Rewriter.Rewrite(model, new RewriteOptions());
        var once = model.Proto.Clone();
        Rewriter.Rewrite(model, new RewriteOptions());
        Assert.IsNull(GraphDiff.First(once, model.Proto));
    }

    public static IEnumerable<object[]> Left =>
    [
        Case("open length", new(1, "seq"), "the number of tokens of 'query' ([1,seq,64]) is not known"),
        Case("open past", new(1, 1) { Past = "past", Total = 6 }, "the length of its past 'past_key' ([1,2,past,16]) is not known"),
        Case("open total", new(1, 1) { Past = 5, Total = "total" }, "its total sequence length 'total_32' is computed when the model runs"),
        Case("more in total than there can be", new(1, 1) { Past = 4, Total = 7 }, "a past of 4 positions and 1 new tokens are fewer than the 7 in total"),
        Case("several tokens after several pasts", new(2, 3) { Past = 5 }, "its 3 tokens follow pasts whose lengths only the run knows, in a batch of 2"),
        Case("quantised cache", new(1, 6) { Attributes = [("k_quant_type", "PER_TENSOR")] }, "it has the attribute k_quant_type"),
        Case("prompt with positions", new(2, 6) { Positions = true }, "its prompt has positions of its own"),
        Case("scores", new(1, 6) { Attributes = [("qk_output", 1)] }, "it has the attribute qk_output"),
        Case("tables wider than a head", new(1, 6) { TableWidth = 12 }, "the shapes of its rotary tables are not known to fit its heads"),
    ];

    [TestMethod]
    [DynamicData(nameof(Left))]
    public void IsLeftAloneWithAReason(string name, Layer layer, string reason)
    {
        var model = layer.Model();
        var report = Rewriter.Rewrite(model, new RewriteOptions());
        Assert.IsTrue(model.Graph.Nodes.Any(n => n.OpType == "GroupQueryAttention"), name);
        StringAssert.Contains(report.NotFused.Single(n => n.Rule == "GroupQueryAttention").Reason, reason);
    }

    [TestMethod]
    public void SizesGivenLaterAreEnough()
    {
        var model = new Layer("batch", "seq") { Past = "past", Total = "past + seq" }.Model();
        var report = Rewriter.Rewrite(model, new RewriteOptions { Dims = new Dictionary<string, long> { ["batch"] = 2, ["seq"] = 1, ["past"] = 5 } });
        Assert.AreEqual(1, report.Sites.Count(s => s.Op == "Attention"), string.Join("; ", report.NotFused.Select(n => n.Reason)));
    }

    private static object[] Case(string name, Layer layer) => [name, layer];

    private static object[] Case(string name, Layer layer, string reason) => [name, layer, reason];

    /// <summary>One node and the mask arithmetic before it. Sizes are numbers or names of axes.</summary>
    public sealed record Layer(object Batch, object Tokens)
    {
        public object? Past { get; init; }
        public object? Total { get; init; }
        public bool Rotary { get; init; } = true;
        public bool Packed { get; init; }
        public bool Sink { get; init; }
        public bool Bias { get; init; }
        public bool Positions { get; init; }
        public bool Known { get; init; }
        public int Padding { get; init; }
        public int Heads { get; init; } = 4;
        public int KvHeads { get; init; } = 2;
        public int Size { get; init; } = 16;
        public int? TableWidth { get; init; }
        public DataType Type { get; init; } = Float;
        public (string, object)[] Attributes { get; init; } = [];

        private object Sum => Total ?? (Past is int past && Tokens is int tokens ? past == 0 || past > 6 ? tokens : past + tokens : Tokens);

        public OnnxModel Model(int layers = 1)
        {
            var g = new GraphBuilder(18).Import("com.microsoft", 1);
            string In(string name, int heads) => g.Input(name, Type, Batch, Tokens, heads * Size);
            string[] qkv = Packed ? [In("query", Heads + 2 * KvHeads), "", ""] : [In("query", Heads), In("key", KvHeads), In("value", KvHeads)];
            string[] past = Past is null ? ["", ""] : [g.Input("past_key", Type, Batch, KvHeads, Past, Size), g.Input("past_value", Type, Batch, KvHeads, Past, Size)];
            var width = TableWidth ?? Size / 2;
            string Table(string name, Func<double, double> of) => Rotary ? g.Initializer(name, Type, [32, width], [.. Enumerable.Range(0, 32 * width).Select(i => of(i / width * Math.Pow(100, -(double)(i % width) / width)))]) : "";
            var (lengths, total) = Lengths(g);
            List<string> inputs = [.. qkv, .. past, lengths, total, Table("cos", Math.Cos), Table("sin", Math.Sin),
                Positions ? g.Initializer("position_ids", DataType.Int64, [(int)Batch, (int)Tokens], [.. Enumerable.Range(0, (int)Batch * (int)Tokens).Select(i => 1.0 + i)]) : "",
                Bias ? g.Input("bias", Type, Batch, 1, Tokens, Sum) : "",
                Sink ? g.Initializer("sink", Type, [Heads], [.. Enumerable.Range(0, Heads).Select(i => i - 1.5)]) : ""];
            while (inputs[^1].Length == 0) inputs.RemoveAt(inputs.Count - 1);
            for (var layer = 1; layer <= layers; layer++)
            {
                var last = layer == layers;
                g.Node("com.microsoft::GroupQueryAttention", inputs, [("num_heads", Heads), ("kv_num_heads", KvHeads), ("do_rotary", Rotary ? 1 : 0), .. Attributes],
                    last ? ["y", "present_key", "present_value"] : [$"y_{layer}", $"key_{layer}", $"value_{layer}"]);
                if (!last) inputs[0] = g.Node("Concat", [$"y_{layer}", g.Op("Slice", "query", g.Integers("from", Heads * Size), g.Integers("to", long.MaxValue), g.Integers("axis", 2))], [("axis", 2)])[0];
            }
            object capacity = Past is int p && Sum is int t ? Math.Max(p, t) : Past is string ? "capacity" : Sum;
            g.Output("y", Type, Batch, Tokens, Heads * Size);
            g.Output("present_key", Type, Batch, KvHeads, capacity, Size);
            g.Output("present_value", Type, Batch, KvHeads, capacity, Size);
            return g.Build();
        }

        // seqlens_k and total_sequence_length of an attention mask. Padding: entry i of the batch is i % (Padding + 1) or, alone, Padding shorter.
        private (string Lengths, string Total) Lengths(GraphBuilder g)
        {
            if (Known) return (g.Initializer("seqlens_k", DataType.Int32, [(int)Batch], [.. Enumerable.Repeat((int)Sum - 1.0, (int)Batch)]), g.Scalar("total", DataType.Int32, (int)Sum));
            var mask = g.Input("attention_mask", DataType.Int64, Batch, Sum);
            var seen = mask;
            if (Padding > 0)
            {
                int batch = (int)Batch, all = (int)Sum;
                seen = g.Op("Mul", mask, g.Initializer("kept", DataType.Int64, [batch, all],
                    [.. Enumerable.Range(0, batch * all).Select(i => i % all < all - (batch == 1 ? Padding : i / all % (Padding + 1)) ? 1.0 : 0)]));
            }
            var sum = g.Node("ReduceSum", [seen, g.Integers("last_axis", 1)], [("keepdims", 1)])[0];
            var lengths = g.Cast(g.Op("Sub", sum, g.Integers("one", 1)), DataType.Int32);
            var total = g.Node("Cast", [g.Op("Gather", g.Op("Shape", mask), g.Scalar("second", DataType.Int64, 1))], [("to", (long)DataType.Int32)], ["total_32"])[0];
            return (lengths, total);
        }

        public override string ToString() => $"{Batch} x {Tokens}";
    }
}
