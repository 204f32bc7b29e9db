using FlashRt.GraphRewriter.Passes;
using FlashRt.TestKit;
using FlashRt.Validation;

namespace FlashRt.GraphRewriter.Tests;

/// <summary>The exported models: every site that a rule is for is fused, and the rewrite can be taken back to the exported graph.</summary>
[TestClass]
public sealed class ModelTests
{
    [TestMethod]
    [DataRow("gemma_fp16_dynamo", "AddRmsNorm=4 Attention=2 GatedActivation=2 RmsNorm=1 RotaryEmbedding=4")]
    [DataRow("qwen3_op23", "AddRmsNorm=4 Attention=2 GatedActivation=2 RmsNorm=5 RotaryEmbedding=4")]
    [DataRow("siglip_fp16_ts", "AddLayerNorm=5 Attention=2 Gemm=8 PatchIm2col=1")]
    [DataRow("dit_fp16_dynamo", "Attention=2 GatedAddAdaLayerNorm=5 Gemm=15 PatchIm2col=1 TimestepEmbedding=1")]
    [DataRow("pi0_prefix_fp16", "AddLayerNorm=4 AddRmsNorm=2 Attention=3 GatedActivation=1 Gemm=9 LayerNorm=1 PatchIm2col=1 RmsNorm=1 RotaryEmbedding=3")]
    [DataRow("pi0_denoise_fp16", "AddRmsNorm=4 Attention=2 GatedActivation=2 Gemm=4 ResidualAdd=1 RmsNorm=1 RotaryEmbedding=4 TimestepEmbedding=1")]
    [DataRow("architectures/clip_text_fp16", "AddLayerNorm=4 Attention=2 Gemm=8 LayerNorm=1")]
    [DataRow("architectures/falcon_fp16", "AddLayerNorm=2 Attention=2 Gemm=4 LayerNorm=1 RotaryEmbedding=4")]
    [DataRow("architectures/gemma2_fp16", "AddRmsNorm=4 Attention=2 GatedActivation=2 Gemm=1 RmsNorm=5 RotaryEmbedding=4")]
    [DataRow("architectures/gptneox_fp16", "AddLayerNorm=2 Attention=2 Gemm=8 LayerNorm=3 RotaryEmbedding=4")]
    [DataRow("architectures/modernbert_fp16", "AddLayerNorm=4 Attention=2 GatedActivation=2 LayerNorm=1 RotaryEmbedding=4")]
    [DataRow("architectures/pi05_expert_fp16", "AdaRmsNorm=1 Attention=2 GatedActivation=2 GatedAddAdaRmsNorm=3 Gemm=8 ResidualAdd=2 RotaryEmbedding=4 TimestepEmbedding=1")]
    [DataRow("architectures/pixart_fp16", "AdaLayerNorm=1 Attention=4 GatedAddAdaLayerNorm=3 Gemm=19 PatchIm2col=1 ResidualAdd=3 TimestepEmbedding=1")]
    [DataRow("architectures/t5_encoder_fp32", "AddRmsNorm=4 Attention=2 Gemm=2 RmsNorm=1")]
    [DataRow("architectures/vit_qknorm_fp16", "AddLayerNorm=5 Attention=2 Gemm=10 LayerNorm=4 PatchIm2col=1")]
    [DataRow("architectures/whisper_encoder_fp16", "AddLayerNorm=3 Attention=2 Gelu=2 Gemm=8 LayerNorm=2")]
    public void EverySiteIsFused(string name, string fusions)
    {
        var model = Load(name);
        var report = Rewriter.Rewrite(model, new RewriteOptions { CaptureSafe = false, MergeProjections = false });
        Assert.AreEqual(fusions, string.Join(' ', report.Fusions.Select(f => $"{f.Key}={f.Value}")));
        Assert.IsTrue(report.NodesAfter < report.NodesBefore);
        Assert.AreEqual(report.NodesAfter, model.Proto.Graph.Node.Count);
    }

    [TestMethod]
    [DataRow("gemma_fp16_dynamo", 8, "Attention=2 GatedActivation=2 MatMul=10 QkvSplitRope=2 RmsNorm=1")]
    [DataRow("gemma_fp16_decode_dynamo", 6, "Attention=2 GatedActivation=2 MatMul=10 QkvSplitRope=2 RmsNorm=1")]
    [DataRow("qwen3_op23", 16, "Attention=2 GatedActivation=2 MatMul=9 QkvSplitRope=2 RmsNorm=1")]
    [DataRow("siglip_fp16_ts", 4, "Attention=2 Gemm=4 MatMul=5")]
    [DataRow("dit_fp16_dynamo", 0, "Attention=2 Gemm=15")]
    [DataRow("pi0_prefix_fp16", 7, "Attention=3 GatedActivation=1 Gemm=5 MatMul=11 QkvSplitRope=1 RmsNorm=1 RotaryEmbedding=1")]
    [DataRow("pi0_denoise_fp16", 6, "Attention=2 GatedActivation=2 Gemm=5 MatMul=8 QkvSplitRope=2 RmsNorm=1")]
    [DataRow("architectures/gemma2_fp16", 8, "Attention=2 GatedActivation=2 Gemm=1 MatMul=8 QkvSplitRope=2 RmsNorm=5")]
    [DataRow("architectures/whisper_encoder_fp16", 4, "Attention=2 Gemm=6 MatMul=2")]
    [DataRow("architectures/t5_encoder_fp32", 4, "Attention=2 Gemm=2 MatMul=6 RmsNorm=1")]
    public void ProductsOfTheSameRowsAreOne(string name, int saved, string ops)
    {
        OnnxModel merged = Load(name), apart = Load(name);
        var report = Rewriter.Rewrite(merged, new RewriteOptions());
        Rewriter.Rewrite(apart, new RewriteOptions { MergeProjections = false });
        Assert.AreEqual(saved, apart.Graph.Nodes.Count - merged.Graph.Nodes.Count);
        string[] shown = ["MatMul", "Gemm", "Attention", "GatedActivation", "QkvSplitRope", "RotaryEmbedding", "RmsNorm"];
        Assert.AreEqual(ops, string.Join(' ', merged.Graph.Nodes.GroupBy(n => n.OpType).Where(g => shown.Contains(g.Key)).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => $"{g.Key}={g.Count()}")));
        Assert.IsFalse(report.NotFused.Any(n => n.Rule == MergeProjections.RuleName));
    }

    [TestMethod]
    [DataRow("gemma_fp16_dynamo", false)]
    [DataRow("gemma_fp16_dynamo", true)]
    [DataRow("qwen3_op23", false)]
    [DataRow("qwen3_op23", true)]
    [DataRow("siglip_fp16_ts", false)]
    [DataRow("siglip_fp16_ts", true)]
    [DataRow("dit_fp16_dynamo", false)]
    [DataRow("dit_fp16_dynamo", true)]
    [DataRow("pi0_prefix_fp16", false)]
    [DataRow("pi0_prefix_fp16", true)]
    [DataRow("pi0_denoise_fp16", false)]
    [DataRow("pi0_denoise_fp16", true)]
    public void SurvivesSaveAndRestore(string name, bool merge)
    {
        var folder = Directory.CreateTempSubdirectory("flashrt-models-").FullName;
        try
        {
            var path = Path.Combine(folder, "model.onnx");
            var model = Load(name);
            Rewriter.Rewrite(model, new RewriteOptions { MergeProjections = merge });
            model.Save(path);

            var again = OnnxModel.Load(path);
            Rewriter.Rewrite(again, new RewriteOptions { MergeProjections = merge });
            again.Save(path + ".again");
            CollectionAssert.AreEqual(File.ReadAllBytes(path), File.ReadAllBytes(path + ".again"), "rewriting twice must change nothing");

            var restored = OnnxModel.Load(path);
            Restorer.Restore(restored);
            if (!merge) Assert.IsNull(GraphDiff.First(Canonical(Load(name)).Proto, restored.Proto));
            Assert.IsTrue(restored.Graph.Nodes.All(n => n.Domain != FusedSites.Domain));
            var comparison = Validator.Validate(Load(name), restored, new ValidationOptions { Seed = 1 });
            Assert.IsTrue(comparison.Passed, comparison.ToJson());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [TestMethod]
    public void InterfaceStays()
    {
        var (before, after) = (Load("gemma_fp16_dynamo"), Load("gemma_fp16_dynamo"));
        Rewriter.Rewrite(after, new RewriteOptions());
        Assert.AreEqual(before.Proto.Graph.Input, after.Proto.Graph.Input);
        Assert.AreEqual(before.Proto.Graph.Output, after.Proto.Graph.Output);
    }

    [TestMethod]
    public void SumThatBroadcastsIsReported()
    {
        var report = Rewriter.Rewrite(Load("pi0_prefix_fp16"), new RewriteOptions());
        CollectionAssert.AreEqual(new[] { "AddLayerNorm", "GemmResidual" }, report.NotFused.Select(n => n.Rule).ToArray());
        foreach (var left in report.NotFused) StringAssert.Contains(left.Reason, "([2,16,96] and [1,16,96])");
    }

    [TestMethod]
    public void GivenShapesReplaceSymbolsEverywhere()
    {
        var model = Load("gemma_fp16_dynamo");
        Rewriter.Rewrite(model, new RewriteOptions { Shapes = new Dictionary<string, long[]> { ["input_ids"] = [1, 24] } });
        var dims = model.Proto.Graph.Input.Concat(model.Proto.Graph.Output).SelectMany(v => v.Type.TensorType.Shape.Dim);
        Assert.IsTrue(dims.All(d => d.HasDimValue));
        Assert.AreEqual(24, model.Graph.Find("logits")!.Shape![1].Value);
        Assert.AreEqual(24, FusedSites.Of(model).Where(s => s.Op == "AddRmsNorm").Select(s => model.Graph.Find(s.Node.Output[1])!.Shape![1].Value!.Value).Distinct().Single());
    }

    [TestMethod]
    [DataRow("ids", new long[] { 1, 24 }, "has no input 'ids'; its inputs are input_ids")]
    [DataRow("input_ids", new long[] { 24 }, "has 2 axes; the given shape [24] has 1")]
    [DataRow("input_ids", new long[] { 2, 24 }, "axis 0 of input 'input_ids' is 1 in the model; 2 was given")]
    [DataRow("input_ids", new long[] { 1, -3 }, "cannot have an axis of -3")]
    public void ImpossibleShapesAreRefused(string input, long[] shape, string reason)
    {
        var options = new RewriteOptions { Shapes = new Dictionary<string, long[]> { [input] = shape } };
        StringAssert.Contains(Assert.ThrowsExactly<OnnxModelException>(() => Rewriter.Rewrite(Load("gemma_fp16_dynamo"), options)).Message, reason);
    }

    [TestMethod]
    public void WithoutFallbackThereAreNoFunctionsAndNoWayBack()
    {
        var model = Load("pi0_denoise_fp16");
        var full = Load("pi0_denoise_fp16");
        var report = Rewriter.Rewrite(model, new RewriteOptions { Fallback = false });
        Rewriter.Rewrite(full, new RewriteOptions());
        Assert.AreEqual(0, model.Proto.Functions.Count);
        Assert.IsTrue(model.Proto.CalculateSize() < full.Proto.CalculateSize());
        Assert.IsTrue(report.Sites.All(s => s.Nodes.Count > 0), "the report still names the original nodes");
        var error = Assert.ThrowsExactly<OnnxModelException>(() => Restorer.Restore(model));
        StringAssert.Contains(error.Message, "rewritten without fallback");
    }

    [TestMethod]
    public void ProgressEndsWhereItShould()
    {
        var seen = new List<RewriteProgress>();
        Rewriter.Rewrite(Load("pi0_denoise_fp16"), new RewriteOptions(), new Immediate(seen));
        Assert.IsTrue(seen.Count > 1);
        Assert.AreEqual(seen[^1].Total, seen[^1].Done);
    }

    /// <summary>The model in canonical form, which is what a restore gives back.</summary>
    internal static OnnxModel Canonical(OnnxModel model)
    {
        Rewriter.Rewrite(model, new RewriteOptions { Rules = [] });
        return model;
    }

    internal static OnnxModel Load(string name) => OnnxModel.Load(Repository.PathOf("models", name, "model.onnx"));

    private sealed class Immediate(List<RewriteProgress> seen) : IProgress<RewriteProgress>
    {
        public void Report(RewriteProgress value) => seen.Add(value);
    }
}
