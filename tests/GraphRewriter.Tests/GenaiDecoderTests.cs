using FlashRt.Validation;
using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;

namespace FlashRt.GraphRewriter.Tests;

/// <summary>
/// A decoder as the genai model builder writes it: one graph with symbolic axes for prompts and decode steps, norms with their residuals,
/// GroupQueryAttention, a gated MLP. 2 layers of width 64, 4 heads of 16 over 2.
/// </summary>
[TestClass]
public sealed class GenaiDecoderTests
{
    private const int Layers = 2, Width = 64, Heads = 4, KvHeads = 2, Size = 16, Hidden = 96, Words = 50, Longest = 64;

    public static IEnumerable<object[]> Forms =>
        from packed in new[] { false, true }
        from own in new[] { false, true }
        from type in new[] { Float, Float16 }
        from opset in new[] { 14, 21 }
        from step in new[] { (Past: 0, Tokens: 7), (Past: 9, Tokens: 1) }
        where !(packed && own)
        select new object[] { packed, own, type, opset, step.Past, step.Tokens };

    [TestMethod]
    [DynamicData(nameof(Forms))]
    public void EverythingIsFusedAndProved(bool packed, bool ownRotation, DataType type, int opset, int past, int tokens)
    {
        var dims = new Dictionary<string, long> { ["batch_size"] = 1, ["sequence_length"] = tokens, ["past_sequence_length"] = past, ["total_sequence_length"] = past + tokens };
        foreach (var merge in new[] { false, true })
        {
            var model = Decoder(packed, ownRotation, type, opset);
            var report = Rewriter.Rewrite(model, new RewriteOptions { Dims = dims, CaptureSafe = false, MergeProjections = merge });
            if (!merge)
            {
                Assert.AreEqual("AddRmsNorm=4 Attention=2 GatedActivation=2 RmsNorm=1 RotaryEmbedding=4", string.Join(' ', report.Fusions.Select(f => $"{f.Key}={f.Value}")), GraphText.Of(model));
                Assert.AreEqual(0, report.NotFused.Count, string.Join("; ", report.NotFused.Select(n => n.Reason)));
            }

            var proof = Validator.Validate(Sized(Decoder(packed, ownRotation, type, opset), dims), model, new ValidationOptions { Sites = true, Seed = 1 });
            Assert.IsTrue(proof.Passed, string.Join("; ", proof.Outputs.Where(o => !o.Passed).Select(o => o.ToString()).Concat(proof.Sites.Where(s => !s.Passed).Select(s => s.ToString()))));
        }
    }

    // The model as it is but for its axes: what a rewrite is compared with.
    private static OnnxModel Sized(OnnxModel model, Dictionary<string, long> dims)
    {
        foreach (var dim in model.Proto.Graph.Input.Concat(model.Proto.Graph.Output).SelectMany(v => v.Type.TensorType.Shape.Dim))
            if (dims.TryGetValue(dim.DimParam, out var size)) dim.DimValue = size;
        model.Invalidate();
        return model;
    }

    private static OnnxModel Decoder(bool packed, bool ownRotation, DataType type, int opset)
    {
        var g = new GraphBuilder(opset).Import("com.microsoft", 1);
        var random = new Random(1);
        string Weight(string name, params long[] dims) => g.Initializer(name, type, dims, [.. Enumerable.Range(0, (int)dims.Aggregate((n, d) => n * d)).Select(_ => (random.NextDouble() - 0.5) * (dims.Length > 1 ? 0.3 : 1) + (dims.Length > 1 ? 0 : 1))]);
        string Project(string x, string name, long from, long to) => g.Op("MatMul", x, Weight(name, from, to));

        var ids = g.Input("input_ids", DataType.Int64, "batch_size", "sequence_length");
        var mask = g.Input("attention_mask", DataType.Int64, "batch_size", "total_sequence_length");
        var lengths = g.Cast(g.Op("Sub", g.Node("ReduceSum", [mask, g.Integers("one_axis", 1)], [("keepdims", 1)])[0], g.Integers("one", 1)), DataType.Int32);
        var total = g.Cast(g.Op("Gather", g.Op("Shape", mask), g.Scalar("second", DataType.Int64, 1)), DataType.Int32);
        string Table(string name, Func<double, double> of) => g.Initializer(name, type, [Longest, Size / 2], [.. Enumerable.Range(0, Longest * Size / 2).Select(i => of(i / (Size / 2) * Math.Pow(1000, -(i % (Size / 2)) / (Size / 2.0))))]);
        var (cos, sin) = (Table("cos_cache", Math.Cos), Table("sin_cache", Math.Sin));
        var positions = ownRotation ? g.Input("position_ids", DataType.Int64, "batch_size", "sequence_length") : "";

        var x = g.Op("Gather", Weight("embed", Words, Width), ids);
        var residual = x;
        var normed = g.Node("SimplifiedLayerNormalization", [x, Weight("norm.first", Width)], [("axis", -1), ("epsilon", 1e-6f), ("stash_type", 1)])[0];
        for (var layer = 0; layer < Layers; layer++)
        {
            string[] qkv = packed ? [Project(normed, $"qkv.{layer}", Width, (Heads + 2 * KvHeads) * Size), "", ""]
                : [Project(normed, $"q.{layer}", Width, Heads * Size), Project(normed, $"k.{layer}", Width, KvHeads * Size), Project(normed, $"v.{layer}", Width, KvHeads * Size)];
            if (ownRotation && !packed)
                foreach (var (i, heads) in new[] { (0, Heads), (1, KvHeads) })
                    qkv[i] = g.Node("com.microsoft::RotaryEmbedding", [qkv[i], positions, cos, sin], [("num_heads", heads), ("interleaved", 0), ("rotary_embedding_dim", 0)])[0];
            string[] past = [.. new[] { "key", "value" }.Select(n => g.Input($"past_key_values.{layer}.{n}", type, "batch_size", KvHeads, "past_sequence_length", Size))];
            var rotates = packed || !ownRotation;
            var attended = g.Node("com.microsoft::GroupQueryAttention", [.. qkv, .. past, lengths, total, .. rotates ? new[] { cos, sin } : []],
                [("num_heads", Heads), ("kv_num_heads", KvHeads), ("scale", (float)(1 / Math.Sqrt(Size))), ("do_rotary", rotates ? 1 : 0), ("rotary_interleaved", 0)],
                [$"attention.{layer}", $"present.{layer}.key", $"present.{layer}.value"])[0];
            foreach (var n in new[] { "key", "value" }) g.Output($"present.{layer}.{n}", type, "batch_size", KvHeads, "total_sequence_length", Size);

            (normed, residual) = Skip(Project(attended, $"o.{layer}", Heads * Size, Width), $"norm.after.{layer}");
            var gate = Project(normed, $"gate.{layer}", Width, Hidden);
            var up = Project(normed, $"up.{layer}", Width, Hidden);
            var active = g.Op("Mul", g.Op("Mul", gate, g.Op("Sigmoid", gate)), up);
            (normed, residual) = Skip(Project(active, $"down.{layer}", Hidden, Width), $"norm.next.{layer}", last: layer == Layers - 1);
        }
        g.Node("MatMul", [normed, Weight("head", Width, Words)], outputs: ["logits"]);
        g.Output("logits", type, "batch_size", "sequence_length", Words);
        return g.Build();

        (string Normed, string Sum) Skip(string added, string name, bool last = false)
        {
            string[] outputs = last ? [$"{name}.out"] : [$"{name}.out", "", "", $"{name}.sum"];
            g.Node("com.microsoft::SkipSimplifiedLayerNormalization", [residual, added, Weight(name, Width)], [("epsilon", 1e-6f)], outputs);
            return (outputs[0], outputs[^1]);
        }
    }
}
