using System.Text.Json;

namespace FlashRt.GraphRewriter.Cli.Tests;

[TestClass]
public class OtherCommandTests : CliTest
{
    [TestMethod]
    public void ARestoredModelIsTheOriginalInCanonicalForm()
    {
        Ok("restore", Rewritten("gemma_fp16_dynamo", "--no-merge"), "-o", PathOf("restored.onnx"));
        OnnxModel original = OnnxModel.Load(Gemma), restored = OnnxModel.Load(PathOf("restored.onnx"));
        Assert.IsFalse(restored.Graph.Nodes.Any(n => n.Domain == FusedSites.Domain));
        Rewriter.Rewrite(original, new RewriteOptions { Rules = [] });
        CollectionAssert.AreEquivalent(original.Graph.Nodes.Select(n => n.OpType).ToArray(), restored.Graph.Nodes.Select(n => n.OpType).ToArray());
        StringAssert.Contains(Ok("validate", Gemma, PathOf("restored.onnx"), "--rtol", "0", "--atol", "1e-2"), "passed");
    }

    [TestMethod]
    public void ARestoredModelKeepsItsMergedProducts()
    {
        Ok("restore", Rewritten(), "-o", PathOf("restored.onnx"));
        var restored = OnnxModel.Load(PathOf("restored.onnx"));
        Assert.IsFalse(restored.Graph.Nodes.Any(n => n.Domain == FusedSites.Domain));
        Assert.AreEqual(4, restored.Graph.Nodes.Count(n => n.OpType == "Split"));
        StringAssert.Contains(Ok("validate", Gemma, PathOf("restored.onnx"), "--rtol", "0", "--atol", "1e-2"), "passed");
    }

    [TestMethod]
    public void AModelWithoutBodiesCannotBeRestored()
    {
        var bare = Rewritten("gemma_fp16_dynamo", "--no-fallback");
        StringAssert.Contains(Fails(ExitCode.Refused, "restore", bare, "-o", PathOf("restored.onnx")), "cannot be restored");
        Assert.IsFalse(File.Exists(PathOf("restored.onnx")));
    }

    [TestMethod]
    public void InspectShowsTheModelAndWhatARewriteWouldDo()
    {
        var model = OnnxModel.Load(Gemma);
        var symbol = model.Proto.Graph.Input[0].Type.TensorType.Shape.Dim[1].DimParam;
        var output = Ok("inspect", Gemma);
        string[] parts = [$"{model.Graph.Nodes.Count} nodes", $"dynamic axes: {symbol}", "input_ids", "int64", $"[1,{symbol}]", "logits", "MatMul", "float16"];
        foreach (var part in parts.Append("A rewrite would give:").Append("AddRmsNorm")) StringAssert.Contains(output, part);
        StringAssert.Contains(Ok("inspect", Model("siglip_fp16_ts")), "static shapes");
        StringAssert.Contains(Ok("inspect", Rewritten()), "com.flashrt::AddRmsNorm");
        Fails(ExitCode.Usage, "inspect", Gemma, "--shape", "ids=1");
    }

    [TestMethod]
    public void BenchTimesAModel()
    {
        var output = Ok("bench", Rewritten(), "--runs", "5", "--shape", "input_ids=1x4", "--report", PathOf("b.json"));
        StringAssert.Contains(output, "input_ids: int64[1,4]");
        var report = Json(PathOf("b.json"));
        CollectionAssert.AreEqual(new[] { "model", "provider", "cuda_graph", "inputs", "runs", "p50_us", "p90_us", "min_us" }, Keys(report));
        Assert.AreEqual(5, report.GetProperty("runs").GetInt32());
        Assert.IsGreaterThan(0, report.GetProperty("min_us").GetDouble());
        StringAssert.Contains(Ok("bench", Rewritten(), "--runs", "1", "--dims", "sequence=3"), "input_ids: int64[1,3]");
        StringAssert.Contains(Fails(ExitCode.Usage, "bench", Rewritten(), "--dims", "tokens=3"), "tokens");
    }

    [TestMethod]
    public void BenchChecksItsOptions()
    {
        StringAssert.Contains(Fails(ExitCode.Usage, "bench", Gemma, "--cuda-graph"), "--cuda-graph needs --provider cuda");
        StringAssert.Contains(Fails(ExitCode.Usage, "bench", Gemma, "--runs", "0"), "--runs is '0'; expected 1 or more");
        StringAssert.Contains(Fails(ExitCode.Usage, "bench", Gemma, "--provider", "npu"), "npu");
        if (!Cuda.IsAvailable) StringAssert.Contains(Fails(ExitCode.Refused, "bench", Gemma, "--provider", "cuda", "--cuda-graph"), "CUDA");
    }

    [TestMethod]
    public void OpsListsWhatTheLibraryRegisters()
    {
        var library = JsonDocument.Parse(Ok("ops", "--json")).RootElement;
        var ops = library.GetProperty("ops").EnumerateArray();
        var op = ops.Single(o => o.GetProperty("name").GetString() == "RmsNorm");
        CollectionAssert.Contains(op.GetProperty("providers").EnumerateArray().Select(p => p.GetString()).ToArray(), "cpu");
        CollectionAssert.Contains(op.GetProperty("seeds").EnumerateArray().Select(p => p.GetString()).ToArray(), "N05");
        var line = Ok("ops").Split('\n').Single(l => l.StartsWith("RmsNorm "));
        foreach (var part in new[] { "float32", "float16", "bfloat16", "cpu", "N05" }) StringAssert.Contains(line, part);
        StringAssert.Contains(Ok("ops").Split('\n').Single(l => l.StartsWith("flashrt_gemm_stats ")), "C02");

        // All 93 kernels of the seed catalog, each with where it runs.
        var listed = ops.Concat(library.GetProperty("functions").EnumerateArray()).ToList();
        Assert.AreEqual(93, listed.SelectMany(o => o.GetProperty("seeds").EnumerateArray()).Select(s => s.GetString()).Distinct().Count());
        Assert.IsTrue(listed.All(o => o.GetProperty("providers").EnumerateArray().Any(p => p.GetString() == "cpu")));
    }

    [TestMethod]
    public void DevicesSaysWhatThereIs()
    {
        var output = Ok("devices");
        StringAssert.Contains(output, "FlashRt ");
        if (!Cuda.IsAvailable) StringAssert.Contains(output, "no usable CUDA device");
    }
}
