namespace FlashRt.GraphRewriter.Cli.Tests;

[TestClass]
public class RewriteCommandTests : CliTest
{
    [TestMethod]
    public void AModelIsRewrittenAndTheReportWritten()
    {
        var output = Ok("rewrite", Gemma, "-o", PathOf("out.onnx"), "--report", PathOf("r.json"));
        CollectionAssert.AreEqual(new[] { "out.onnx", "r.json" }, Files.ToArray());

        var report = Json(PathOf("r.json"));
        CollectionAssert.IsSubsetOf(new[] { "model", "nodes_before", "nodes_after", "canonical", "repairs", "fusions", "sites", "not_fused" }, Keys(report));
        CollectionAssert.AreEqual(new[] { "op", "name", "nodes" }, Keys(report.GetProperty("sites")[0]));
        Assert.AreEqual(report.GetProperty("sites").GetArrayLength(), report.GetProperty("fusions").EnumerateObject().Sum(f => f.Value.GetInt32()));

        var model = OnnxModel.Load(PathOf("out.onnx"));
        Assert.AreEqual(report.GetProperty("nodes_after").GetInt32(), model.Graph.Nodes.Count);
        StringAssert.Contains(output, $"{report.GetProperty("nodes_before")} nodes before, {report.GetProperty("nodes_after")} after");
        foreach (var fusion in report.GetProperty("fusions").EnumerateObject()) StringAssert.Contains(output, fusion.Name);
    }

    [TestMethod]
    public void SitesNotFusedAreReportedWithTheReason()
    {
        var path = PathOf("r.json");
        var output = Ok("rewrite", Model("pi0_prefix_fp16"), "-o", PathOf("out.onnx"), "--report", path);
        var site = Json(path).GetProperty("not_fused")[0];
        CollectionAssert.AreEqual(new[] { "rule", "node", "reason", "element", "at", "expected", "found" }, Keys(site));
        foreach (var key in Keys(site).Take(3)) StringAssert.Contains(output, site.GetProperty(key).GetString());
    }

    [TestMethod]
    public void ShapesMakeTheGraphStatic()
    {
        var model = OnnxModel.Load(Rewritten("gemma_fp16_dynamo", "--shape", "input_ids=1x24"));
        Assert.AreEqual("[1,24]", model.Graph.Find("input_ids")!.Shape!.ToString());
    }

    [TestMethod]
    public void WithoutFallbackThereAreNoBodies()
    {
        var model = OnnxModel.Load(Rewritten("gemma_fp16_dynamo", "--no-fallback"));
        Assert.IsEmpty(model.Proto.Functions);
        Assert.IsNotEmpty(FusedSites.Of(model));
    }

    public static IEnumerable<object[]> Models =>
        Directory.GetDirectories(Repository.PathOf("models")).Select(d => Path.GetFileName(d)).Where(d => File.Exists(Model(d))).Order(StringComparer.Ordinal).Select(d => new object[] { d });

    [TestMethod]
    public void WithoutMergingEveryWeightStaysAsItIs()
    {
        OnnxModel merged = OnnxModel.Load(Rewritten()), apart = OnnxModel.Load(Rewritten("gemma_fp16_dynamo", "--no-merge"));
        Assert.IsTrue(FusedSites.Of(merged).Any(s => s.Op == "QkvSplitRope"));
        Assert.IsFalse(FusedSites.Of(apart).Any(s => s.Op == "QkvSplitRope"));
        var weights = OnnxModel.Load(Gemma).Proto.Graph.Initializer.Where(t => t.Dims.Count == 2).ToList();
        Assert.IsTrue(weights.All(w => apart.Proto.Graph.Initializer.Contains(w)), "a weight changed");
        Assert.IsTrue(merged.Graph.Nodes.Count < apart.Graph.Nodes.Count);
    }

    [TestMethod]
    [DynamicData(nameof(Models))]
    public void TheSameModelGivesTheSameBytesAndASecondRewriteChangesNone(string model)
    {
        byte[] Bytes(string from, string to)
        {
            Ok("rewrite", from, "-o", PathOf(to), "--report", PathOf("r.json"));
            return File.ReadAllBytes(PathOf(to));
        }
        var first = Bytes(Model(model), "first.onnx");
        Assert.IsTrue(first.AsSpan().SequenceEqual(Bytes(Model(model), "again.onnx")), "the same model gives other bytes");
        Assert.IsTrue(first.AsSpan().SequenceEqual(Bytes(PathOf("first.onnx"), "second.onnx")), "a second rewrite changes something");
        var report = Json(PathOf("r.json"));
        Assert.AreEqual(report.GetProperty("nodes_before").GetInt32(), report.GetProperty("nodes_after").GetInt32());
    }

    [TestMethod]
    [DynamicData(nameof(Models))]
    public void EveryModelComesBackAndRunsWithoutTheLibrary(string model)
    {
        Ok("restore", Rewritten(model), "-o", PathOf("restored.onnx"));
        Assert.IsFalse(OnnxModel.Load(PathOf("restored.onnx")).Proto.OpsetImport.Any(o => o.Domain == FusedSites.Domain));
        StringAssert.Contains(Ok("validate", Model(model), PathOf("restored.onnx"), "--data", Path.GetDirectoryName(Model(model))!), "passed on test_data_set_0");
        Ok("bench", PathOf("restored.onnx"), "--no-library", "--runs", "1");

        Ok("rewrite", Model(model), "-o", PathOf("bare.onnx"), "--no-fallback");
        StringAssert.Contains(Fails(ExitCode.Refused, "restore", PathOf("bare.onnx"), "-o", PathOf("none.onnx")), "the model was rewritten without fallback");
        Assert.IsFalse(File.Exists(PathOf("none.onnx")));
    }

    [TestMethod]
    [DataRow("input_ids")]
    [DataRow("input_ids=")]
    [DataRow("input_ids=1xa")]
    [DataRow("input_ids=0x4")]
    [DataRow("input_ids=-1x4")]
    [DataRow("=1x4")]
    [DataRow("input_ids=1,24")]
    [DataRow("input_ids=99999999999999999999")]
    public void AShapeThatIsNoneIsAUsageError(string shape) =>
        StringAssert.Contains(Fails(ExitCode.Usage, "rewrite", Gemma, "-o", PathOf("out.onnx"), "--shape", shape), $"'{shape}' is not a shape");

    [TestMethod]
    public void AShapeThatDoesNotFitIsAUsageError()
    {
        string Error(params string[] shapes) =>
            Fails(ExitCode.Usage, ["rewrite", Gemma, "-o", PathOf("out.onnx"), .. shapes.SelectMany(s => new[] { "--shape", s })]);
        StringAssert.Contains(Error("ids=1x24"), "has no input 'ids'; its inputs are input_ids");
        StringAssert.Contains(Error("input_ids=24"), "has 2 axes");
        StringAssert.Contains(Error("input_ids=2x24"), "is 1 in the model");
        StringAssert.Contains(Error("input_ids=1x24", "input_ids=1x25"), "twice");
        Assert.IsEmpty(Files);
    }

    [TestMethod]
    public void AFileThatIsNoModelIsRefused()
    {
        File.WriteAllText(PathOf("text.onnx"), "this is not a model");
        File.WriteAllText(PathOf("empty.onnx"), "");
        File.WriteAllBytes(PathOf("cut.onnx"), File.ReadAllBytes(Gemma)[..5000]);
        foreach (var name in new[] { "text.onnx", "empty.onnx", "cut.onnx" })
            StringAssert.Contains(Fails(ExitCode.Refused, "rewrite", PathOf(name), "-o", PathOf("out.onnx"), "--report", PathOf("r.json")), name);
        CollectionAssert.AreEqual(new[] { "cut.onnx", "empty.onnx", "text.onnx" }, Files.ToArray(), "nothing is written");
    }

    [TestMethod]
    public void AnImpossibleOutputIsAUsageError()
    {
        StringAssert.Contains(Fails(ExitCode.Usage, "rewrite", Gemma, "-o", PathOf("no/out.onnx")), "does not exist");
        StringAssert.Contains(Fails(ExitCode.Usage, "rewrite", Gemma, "-o", PathOf("")), "is a folder");
        StringAssert.Contains(Fails(ExitCode.Usage, "rewrite", Gemma, "-o", Gemma), "is an input, which would be lost");
        StringAssert.Contains(Fails(ExitCode.Usage, "rewrite", Gemma, "-o", PathOf("out.onnx"), "--report", PathOf("no/r.json")), "does not exist");
        Assert.IsEmpty(Files);
    }

    [TestMethod]
    public void ACacheThatNoModelHoldsIsRefused()
    {
        StringAssert.Contains(Fails(ExitCode.Refused, "rewrite", Model("gemma_fp16_decode_dynamo"), "-o", PathOf("out.onnx"), "--kv-cache", "in-place:999999999999"),
            "cannot have a cache of 999999999999 positions in place");
        StringAssert.Contains(Fails(ExitCode.Usage, "rewrite", Gemma, "-o", PathOf("out.onnx"), "--kv-cache", "in-place:0"), "not 'in-place:0'");
        Assert.IsEmpty(Files);
    }

    [TestMethod]
    public void AnOutputThatCannotBeWrittenIsRefused()
    {
        if (!Directory.Exists("/proc")) Assert.Inconclusive("There is no folder that nobody can write to.");
        StringAssert.Contains(Fails(ExitCode.Refused, "rewrite", Gemma, "-o", "/proc/flashrt.onnx"), "/proc/flashrt.onnx: cannot be written");
    }

    [TestMethod]
    public void ARefusedModelLeavesTheOldOutput()
    {
        File.WriteAllText(PathOf("text.onnx"), "this is not a model");
        File.WriteAllText(PathOf("out.onnx"), "old");
        Fails(ExitCode.Refused, "rewrite", PathOf("text.onnx"), "-o", PathOf("out.onnx"));
        Assert.AreEqual("old", File.ReadAllText(PathOf("out.onnx")));
    }
}
