namespace FlashRt.Validation.Tests.Sites;

[TestClass]
public class SiteValidationTests
{
    private static readonly ValidationOptions Sites = new() { Sites = true };

    [TestMethod]
    public void ExactlyTheBrokenSiteFails()
    {
        var rewritten = Models.Rewritten(Models.Gemma);
        var broken = FusedSites.Of(rewritten).Where(s => s.Op == "AddRmsNorm").ElementAt(1);
        broken.Node.Attribute.Single(a => a.Name == "epsilon").F = 0.5f;

        var report = Validator.Validate(Models.Gemma, rewritten, Sites);
        Assert.IsFalse(report.Passed);
        CollectionAssert.AreEqual(new[] { broken.Name }, report.Sites.Where(s => !s.Passed).Select(s => s.Name).ToArray(), report.ToJson());
    }

    [TestMethod]
    public void AnEpsilonTenTimesTooLargeIsFoundThoughTheOutputsHideIt()
    {
        var rewritten = Models.Rewritten(Models.Gemma);
        var broken = FusedSites.Of(rewritten).First(s => s.Op == "AddRmsNorm");
        var epsilon = broken.Node.Attribute.Single(a => a.Name == "epsilon");
        epsilon.F *= 10;

        var report = Validator.Validate(Models.Gemma, rewritten, Sites);
        Assert.IsTrue(report.Outputs.All(o => o.Passed), "the model's outputs cannot tell");
        CollectionAssert.AreEqual(new[] { broken.Name }, report.Sites.Where(s => !s.Passed).Select(s => s.Name).ToArray(), report.ToJson());
    }

    [TestMethod]
    public void AnotherActivationIsFound()
    {
        var rewritten = Models.Rewritten(Models.Gemma);
        var broken = FusedSites.Of(rewritten).First(s => s.Op == "GatedActivation");
        broken.Node.Attribute.Single(a => a.Name == "activation").S = Google.Protobuf.ByteString.CopyFromUtf8("gelu_erf");
        var report = Validator.Validate(Models.Gemma, rewritten, Sites);
        CollectionAssert.AreEqual(new[] { broken.Name }, report.Sites.Where(s => !s.Passed).Select(s => s.Name).ToArray(), report.ToJson());
    }

    [TestMethod]
    public void ASiteThatTheLibraryRefusesFailsWithItsReason()
    {
        var rewritten = Models.Rewritten(Models.Gemma);
        var broken = FusedSites.Of(rewritten).First(s => s.Op == "GatedActivation");
        broken.Node.Attribute.Single(a => a.Name == "activation").S = Google.Protobuf.ByteString.CopyFromUtf8("tanhshrink");
        var error = Assert.ThrowsExactly<ValidationException>(() => Validator.Validate(Models.Gemma, rewritten, Sites));
        StringAssert.Contains(error.Message, "tanhshrink");
    }

    [TestMethod]
    public void SitesWithoutABodyCannotPass()
    {
        var report = Validator.Validate(Models.Gemma, Models.Rewritten(Models.Gemma, fallback: false), Sites);
        Assert.IsFalse(report.Passed);
        Assert.IsTrue(report.Outputs.All(o => o.Passed));
        Assert.IsTrue(report.Sites.All(s => s.Error!.Contains("--no-fallback")), report.ToJson());
    }

    [TestMethod]
    public void AModelWithoutFusedSitesPassesAndSaysSo()
    {
        var report = Validator.Validate(Models.Gemma, Models.Gemma, Sites);
        Assert.IsTrue(report.Passed);
        StringAssert.Contains(report.Notes.Single(), "no fused sites");
    }

    [TestMethod]
    public void Fp8ValuesPassTheBorderOfASite()
    {
        var report = Validator.Validate(Quantising(448), Quantising(448), Sites);
        Assert.IsTrue(report.Passed, report.ToJson());
        Assert.AreEqual("QuantizeFp8", report.Sites.Single().Op);
    }

    [TestMethod]
    public void AWrongFp8BodyIsFound()
    {
        var report = Validator.Validate(Quantising(4), Quantising(4), Sites);
        Assert.IsFalse(report.Passed, report.ToJson());
        Assert.IsTrue(report.Outputs.Single().Cosine < 1);
    }

    // x cast to fp8 by QuantizeFp8 without a scale, and read back; the body clips at the given limit before the cast.
    private static OnnxModel Quantising(double limit)
    {
        var body = new FunctionProto { Domain = FusedSites.Domain, Name = "QuantizeFp8", Overload = "1", Input = { "a" }, Output = { "b" } };
        body.OpsetImport.Add(new OperatorSetIdProto { Version = 19 });
        foreach (var (name, value) in new[] { ("low", -limit), ("high", limit) })
            body.Node.Add(new NodeProto
            {
                OpType = "Constant", Output = { name }, Attribute = { Attributes.Make("value", ConstantTensor.From(DataType.Float, [], [value]).ToProto("")) },
            });
        body.Node.Add(new NodeProto { OpType = "Clip", Input = { "a", "low", "high" }, Output = { "clipped" } });
        body.Node.Add(new NodeProto
        {
            OpType = "Cast", Input = { "clipped" }, Output = { "b" }, Attribute = { Attributes.Make("to", (long)DataType.Float8E4M3Fn) },
        });

        var g = new GraphBuilder(opset: 19).Import(FusedSites.Domain, 1).Function(body);
        var x = g.Op("Mul", g.Input("x", DataType.Float, 4, 64), g.Scalar("eight", DataType.Float, 8));
        var narrow = g.Node($"{FusedSites.Domain}::QuantizeFp8", [x], overload: "1")[0];
        g.Note(narrow, DataType.Float8E4M3Fn, 4, 64);
        g.Output(g.Cast(narrow, DataType.Float), DataType.Float, 4, 64);
        return g.Build();
    }
}
