namespace FlashRt.GraphRewriter.Cli.Tests;

/// <summary>--rules: the sample's rule is loaded, applied and proved; what holds no rules is refused.</summary>
[TestClass]
public class OwnRulesTests : CliTest
{
    private static string Sample => Path.Combine(AppContext.BaseDirectory, "CustomRule.dll");

    [TestMethod]
    public void TheSampleFusesAndIsProved()
    {
        var (model, output) = (WrittenOutSoftmax(axis: -1), PathOf("out.onnx"));
        StringAssert.Contains(Ok("rewrite", model, "-o", output, "--rules", Sample, "--report", PathOf("r.json")), "SoftmaxRows");
        Assert.AreEqual("WrittenOutSoftmax", FusedSites.Of(OnnxModel.Load(output)).Single().Rule);
        StringAssert.Contains(Ok("validate", model, output, "--sites"), "passed");
        Assert.AreEqual(0, Json(PathOf("r.json")).GetProperty("not_fused").GetArrayLength());
        Ok("rewrite", model, "-o", PathOf("plain.onnx"));
        Assert.IsEmpty(FusedSites.Of(OnnxModel.Load(PathOf("plain.onnx"))), "without --rules it stays");
    }

    [TestMethod]
    public void ItsNearMissIsExplained()
    {
        var output = Ok("explain", WrittenOutSoftmax(axis: 0), "--rules", Sample, "--rule", "WrittenOutSoftmax");
        StringAssert.Contains(output, "expected  ReduceMax over the last axis only, with keepdims");
        StringAssert.Contains(Ok("inspect", WrittenOutSoftmax(axis: -1), "--rules", Sample), "SoftmaxRows");
    }

    [TestMethod]
    public void WhatHoldsNoRulesIsAUsageError()
    {
        File.WriteAllText(PathOf("text.dll"), "no assembly");
        string Error(string file) => Fails(ExitCode.Usage, "rewrite", Gemma, "-o", PathOf("out.onnx"), "--rules", file);
        StringAssert.Contains(Error(PathOf("text.dll")), "is not a .NET assembly");
        StringAssert.Contains(Error(PathOf("none.dll")), "no such file");
        StringAssert.Contains(Error(typeof(FlashRt.Onnx.Catalog.Op).Assembly.Location), "holds no rules: expected public classes");
        Assert.IsFalse(File.Exists(PathOf("out.onnx")));
    }

    private string WrittenOutSoftmax(long axis)
    {
        var g = new GraphBuilder(opset: 18);
        var (x, axes) = (g.Input("x", DataType.Float, 4, 8), g.Integers("axes", axis));
        var e = g.Op("Exp", g.Op("Sub", x, g.Op("ReduceMax", x, axes)));
        g.Output(g.Op("Div", e, g.Op("ReduceSum", e, axes)), DataType.Float, 4, 8);
        var path = PathOf($"softmax_{axis}.onnx");
        g.Build().Save(path);
        return path;
    }
}
