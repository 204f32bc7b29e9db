using System.Text.Json;

namespace FlashRt.Validation.Tests;

[TestClass]
public class ValidatorTests
{
    [TestMethod]
    [DataRow("gemma_fp16_dynamo")]
    [DataRow("qwen3_op23")]
    [DataRow("siglip_fp16_ts")]
    [DataRow("dit_fp16_dynamo")]
    [DataRow("pi0_prefix_fp16")]
    [DataRow("pi0_denoise_fp16")]
    [DataRow("architectures/clip_text_fp16")]
    [DataRow("architectures/falcon_fp16")]
    [DataRow("architectures/gemma2_fp16")]
    [DataRow("architectures/gptneox_fp16")]
    [DataRow("architectures/modernbert_fp16")]
    [DataRow("architectures/pi05_expert_fp16")]
    [DataRow("architectures/pixart_fp16")]
    [DataRow("architectures/t5_encoder_fp32")]
    [DataRow("architectures/vit_qknorm_fp16")]
    [DataRow("architectures/whisper_encoder_fp16")]
    public void RewrittenModelsPassWithEverySite(string name)
    {
        var original = Models.Load(name);
        var rewritten = Models.Rewritten(original);
        var report = Validator.Validate(original, rewritten, new ValidationOptions { Data = Models.Data(name), Sites = true });
        Assert.IsTrue(report.Passed, report.ToJson());
        Assert.HasCount(original.Proto.Graph.Output.Count, report.Outputs);
        Assert.HasCount(report.Outputs.Count, report.Recorded);
        Assert.HasCount(FusedSites.Of(rewritten).Count, report.Sites);
    }

    [TestMethod]
    public void RewrittenModelsPassOnTheDevice()
    {
        Cuda.Require();
        var options = new ValidationOptions { Data = Models.Data("gemma_fp16_dynamo"), Sites = true, Cuda = true };
        var report = Validator.Validate(Models.Gemma, Models.Rewritten(Models.Gemma), options);
        Assert.IsTrue(report.Passed, report.ToJson());
    }

    [TestMethod]
    public void RandomInputsServeWithoutData()
    {
        var shapes = new Dictionary<string, long[]> { ["input_ids"] = [1, 5] };
        var report = Validator.Validate(Models.Gemma, Models.Rewritten(Models.Gemma), new ValidationOptions { Shapes = shapes, Seed = 3 });
        Assert.IsTrue(report.Passed, report.ToJson());
        CollectionAssert.AreEqual(new[] { "random inputs, seed 3" }, report.Data.ToArray());
    }

    [TestMethod]
    public void AChangedWeightFails()
    {
        var rewritten = Models.Rewritten(Models.Gemma);
        // The last projection, with every other sign changed.
        var weight = rewritten.Graph.Nodes.Last(n => n.OpType == "MatMul" && n.Input(1)?.Initializer is not null).Input(1)!.Initializer!;
        var bytes = weight.RawData.ToByteArray();
        for (var i = 3; i < bytes.Length; i += 4) bytes[i] ^= 0x80;
        weight.RawData = Google.Protobuf.ByteString.CopyFrom(bytes);
        var report = Validator.Validate(Models.Gemma, new OnnxModel(rewritten.Proto, rewritten.Path), new ValidationOptions());
        Assert.IsFalse(report.Passed, report.ToJson());
    }

    [TestMethod]
    public void AProjectionScaledByAQuarterFails()
    {
        var rewritten = Models.Rewritten(Models.Gemma);
        var weight = rewritten.Graph.Nodes.Last(n => n.OpType == "MatMul" && n.Input(1)?.Initializer is not null).Input(1)!.Initializer!;
        var values = rewritten.Graph.Find(weight.Name)!.Constant!.ReadAsDouble();
        weight.RawData = ConstantTensor.From(DataType.Float16, weight.Dims, [.. values.Select((v, i) => i % 2 == 0 ? 1.25 * v : v)]).ToProto("").RawData;
        var report = Validator.Validate(Models.Gemma, new OnnxModel(rewritten.Proto, rewritten.Path), new ValidationOptions());
        Assert.IsFalse(report.Passed, report.ToJson());
    }

    [TestMethod]
    public void TighterTolerancesAreApplied()
    {
        var options = new ValidationOptions { Rtol = 0, Atol = 0 };
        Assert.IsFalse(Validator.Validate(Models.Gemma, Models.Rewritten(Models.Gemma), options).Passed);
        Assert.IsTrue(Validator.Validate(Models.Gemma, Models.Gemma, options with { Atol = 0.1 }).Passed);
    }

    [TestMethod]
    public void OutputsThatDifferInNameAreRefused()
    {
        var other = Models.Gemma;
        other.Proto.Graph.Output[0].Name = "embedding";
        var error = Assert.ThrowsExactly<ValidationException>(() => Validator.Validate(Models.Gemma, other, new ValidationOptions()));
        StringAssert.Contains(error.Message, "differ in their outputs: [logits] before, [embedding] after");
    }

    [TestMethod]
    public void MissingDataIsNamed()
    {
        var data = new TestDataSet("empty", new Dictionary<string, HostTensor>(), new Dictionary<string, HostTensor>());
        var error = Assert.ThrowsExactly<ValidationException>(() => Validator.Validate(Models.Gemma, Models.Gemma, new ValidationOptions { Data = [data] }));
        StringAssert.Contains(error.Message, "no data for the input input_ids");
    }

    [TestMethod]
    public void Bfloat16IsComparedInFloat32AndSaysSo()
    {
        var model = Bfloat16SwiGlu();
        var report = Validator.Validate(model, Models.Rewritten(model), new ValidationOptions { Sites = true });
        Assert.IsTrue(report.Passed, report.ToJson());
        Assert.HasCount(1, report.Sites);
        StringAssert.Contains(report.Notes[0], "The original was run in float32: stock ONNX Runtime's CPU provider cannot run it as it is");
    }

    [TestMethod]
    public void TheKeysOfTheReportStay()
    {
        var json = Validator.Validate(Models.Gemma, Models.Rewritten(Models.Gemma), new ValidationOptions { Sites = true }).ToJson();
        var report = JsonDocument.Parse(json).RootElement;
        Assert.AreEqual(JsonValueKind.True, report.GetProperty("passed").ValueKind);
        foreach (var entry in report.GetProperty("outputs").EnumerateArray().Concat(report.GetProperty("sites").EnumerateArray()))
            foreach (var key in new[] { "name", "max_abs", "max_rel", "cosine" })
                Assert.IsTrue(entry.TryGetProperty(key, out _), key);
        Assert.IsTrue(report.GetProperty("sites")[0].TryGetProperty("op", out _));
    }

    // x * sigmoid(x), which ONNX Runtime's CPU provider has no bfloat16 kernels for, gated by another input.
    private static OnnxModel Bfloat16SwiGlu()
    {
        var g = new GraphBuilder();
        string gate = g.Input("gate", DataType.Bfloat16, 3, 16), up = g.Input("up", DataType.Bfloat16, 3, 16);
        g.Output(g.Op("Mul", g.Op("Mul", gate, g.Op("Sigmoid", gate)), up), DataType.Bfloat16, 3, 16);
        return g.Build();
    }
}
