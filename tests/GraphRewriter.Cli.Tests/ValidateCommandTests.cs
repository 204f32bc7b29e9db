namespace FlashRt.GraphRewriter.Cli.Tests;

[TestClass]
public class ValidateCommandTests : CliTest
{
    private static string Data => Path.GetDirectoryName(Gemma)!;

    [TestMethod]
    public void ARewrittenModelPasses()
    {
        var output = Ok("validate", Gemma, Rewritten(), "--data", Data, "--sites", "--report", PathOf("r.json"));
        StringAssert.Contains(output, "passed on test_data_set_0 (cpu)");
        var report = Json(PathOf("r.json"));
        CollectionAssert.AreEqual(new[] { "passed", "outputs", "recorded", "sites", "original", "rewritten", "provider", "data", "notes" }, Keys(report));
        Assert.IsTrue(report.GetProperty("passed").GetBoolean());
        CollectionAssert.AreEqual(new[] { "name", "max_abs", "max_rel", "cosine" }, Keys(report.GetProperty("outputs")[0])[..4]);
        CollectionAssert.AreEqual(new[] { "op", "name", "passed", "max_abs", "max_rel", "cosine", "outputs" }, Keys(report.GetProperty("sites")[0]));
        Assert.AreEqual(FusedSites.Of(OnnxModel.Load(PathOf("gemma_fp16_dynamo.rewritten.onnx"))).Count, report.GetProperty("sites").GetArrayLength());
    }

    [TestMethod]
    public void RandomInputsServeWithoutData()
    {
        StringAssert.Contains(Ok("validate", Gemma, Rewritten(), "--shape", "input_ids=1x5", "--seed", "7"), "passed on random inputs, seed 7");
    }

    [TestMethod]
    public void ABrokenWeightIsNotWithinTolerance()
    {
        var path = Rewritten();
        Edit(path, model =>
        {
            var weight = model.Graph.Nodes.First(n => n.OpType == "MatMul" && n.Input(1)?.Initializer is not null).Input(1)!.Initializer!;
            var bytes = weight.RawData.ToByteArray();
            for (var i = 3; i < bytes.Length; i += 4) bytes[i] ^= 0x80;  // every other sign
            weight.RawData = Google.Protobuf.ByteString.CopyFrom(bytes);
        });
        var result = Run("validate", Gemma, path, "--data", Data, "--report", PathOf("r.json"));
        Assert.AreEqual(ExitCode.Refused, result.Code, result.ToString());
        StringAssert.Contains(result.Output, "not within tolerance");
        Assert.IsFalse(Json(PathOf("r.json")).GetProperty("passed").GetBoolean());
    }

    [TestMethod]
    public void SitesPointAtTheBrokenOne()
    {
        var path = Rewritten();
        var broken = "";
        Edit(path, model =>
        {
            var site = FusedSites.Of(model).Last(s => s.Op == "AddRmsNorm");
            site.Node.Attribute.Single(a => a.Name == "epsilon").F *= 10;
            broken = site.Name;
        });
        Ok("validate", Gemma, path, "--data", Data);  // too small a mistake for the model's outputs
        var result = Run("validate", Gemma, path, "--data", Data, "--sites", "--report", PathOf("r.json"));
        Assert.AreEqual(ExitCode.Refused, result.Code, result.ToString());
        var failed = Json(PathOf("r.json")).GetProperty("sites").EnumerateArray().Where(s => !s.GetProperty("passed").GetBoolean());
        CollectionAssert.AreEqual(new[] { broken }, failed.Select(s => s.GetProperty("name").GetString()).ToArray());
        StringAssert.Contains(result.Output, $"site {broken} (AddRmsNorm) failed");
    }

    [TestMethod]
    public void TolerancesAreTaken()
    {
        var path = Rewritten();
        Assert.AreEqual(ExitCode.Refused, Run("validate", Gemma, path, "--rtol", "0", "--atol", "0").Code);
        Ok("validate", Gemma, path, "--rtol", "0", "--atol", "0.1");
        StringAssert.Contains(Fails(ExitCode.Usage, "validate", Gemma, path, "--rtol", "-1"), "--rtol is '-1'; expected 0 or more");
        StringAssert.Contains(Fails(ExitCode.Usage, "validate", Gemma, path, "--atol", "NaN"), "--atol is 'NaN'");
        StringAssert.Contains(Fails(ExitCode.Usage, "validate", Gemma, path, "--atol", "tight"), "--atol is 'tight'");
    }

    [TestMethod]
    public void AWrongDataFolderIsAUsageError()
    {
        StringAssert.Contains(Fails(ExitCode.Usage, "validate", Gemma, Gemma, "--data", PathOf("none")), "no such folder");
        StringAssert.Contains(Fails(ExitCode.Usage, "validate", Gemma, Gemma, "--data", PathOf("")), "holds no test_data_set_N folder");
        StringAssert.Contains(Fails(ExitCode.Usage, "validate", Gemma, Gemma, "--data", ""), "no such folder");
    }

    [TestMethod]
    public void DataOfAnotherModelIsRefused()
    {
        var other = Path.GetDirectoryName(Model("siglip_fp16_ts"))!;
        StringAssert.Contains(Fails(ExitCode.Refused, "validate", Gemma, Gemma, "--data", other), "no data for the input input_ids");
    }

    [TestMethod]
    public void ModelsThatHaveNothingInCommonAreRefusedWithAReport()
    {
        StringAssert.Contains(Fails(ExitCode.Refused, "validate", Gemma, Model("siglip_fp16_ts"), "--report", PathOf("r.json")), "differ in their outputs");
        var report = Json(PathOf("r.json"));
        Assert.IsFalse(report.GetProperty("passed").GetBoolean());
        StringAssert.Contains(report.GetProperty("error").GetString(), "differ in their outputs");
    }

    [TestMethod]
    public void ACacheOfAnotherLengthIsNamedAndProvedByItsSites()
    {
        var rewritten = Rewritten("gemma_fp16_decode_dynamo", "--kv-cache", "in-place:40");
        StringAssert.Contains(Fails(ExitCode.Refused, "validate", Model("gemma_fp16_decode_dynamo"), rewritten), "'past_key_0': [1,1,16,64] before, [1,1,40,64] after");
        StringAssert.Contains(Ok("validate", rewritten, rewritten, "--sites"), "KvCacheWrite");
    }

    [TestMethod]
    public void SitesWithoutBodiesAreNotProved() =>
        Assert.AreEqual(ExitCode.Refused, Run("validate", Gemma, Rewritten("gemma_fp16_dynamo", "--no-fallback"), "--sites").Code);

    [TestMethod]
    public void WithoutADeviceCudaIsRefused()
    {
        if (Cuda.IsAvailable) Assert.Inconclusive("There is a CUDA device.");
        Fails(ExitCode.Refused, "validate", Gemma, Gemma, "--provider", "cuda");
        Fails(ExitCode.Usage, "validate", Gemma, Gemma, "--provider", "tpu");
    }

    private static void Edit(string path, Action<OnnxModel> edit)
    {
        var model = OnnxModel.Load(path);
        edit(model);
        model.Save(path);
    }
}
