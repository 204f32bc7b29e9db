namespace FlashRt.GraphRewriter.Cli.Tests;

/// <summary>rewrite --dims and rewrite --repair, and what validate says about models that ONNX Runtime refuses.</summary>
[TestClass]
public sealed class SpecialiseAndRepairTests : CliTest
{
    [TestMethod]
    public void DimsMakeTheModelStatic()
    {
        var path = Rewritten("gemma_fp16_dynamo", "--dims", "sequence=12", "--report", PathOf("r.json"));
        StringAssert.Contains(Ok("inspect", path), "static shapes");
        Assert.IsTrue(Json(PathOf("r.json")).GetProperty("canonical").GetProperty("Fold constants").GetInt32() > 0);
        StringAssert.Contains(Ok("validate", Gemma, path, "--shape", "input_ids=1x12"), "passed");
        StringAssert.Contains(Ok("validate", Gemma, path, "--dims", "sequence=12"), "passed");
        StringAssert.Contains(Ok("validate", Gemma, path), "passed");  // the sizes that the rewritten model asks for
    }

    [TestMethod]
    [DataRow("sequence", "'sequence' is not the size of an axis; expected NAME=24")]
    [DataRow("sequence=x", "'sequence=x' is not the size of an axis; expected NAME=24")]
    [DataRow("sequence=4,sequence=5", "--dims gives 'sequence' twice")]
    public void DimsThatAreNoneAreUsageErrors(string dims, string reason) =>
        StringAssert.Contains(Fails(ExitCode.Usage, "rewrite", Gemma, "-o", PathOf("out.onnx"), "--dims", dims), reason);

    [TestMethod]
    public void AnUnknownAxisIsNamedAndNothingIsWritten()
    {
        StringAssert.Contains(Fails(ExitCode.Usage, "rewrite", Gemma, "-o", PathOf("out.onnx"), "--dims", "seq=4"), "has no axis called 'seq' among its inputs; their axes are called sequence");
        Assert.IsFalse(Files.Contains("out.onnx"));
    }

    [TestMethod]
    public void MixedTypesAreRefusedOrRepaired()
    {
        var g = new GraphBuilder();
        g.Output(g.Op("Mul", g.Input("x", DataType.Float16, 4), g.Initializer("w", DataType.Float, [4], 1, 2, 3, 4)), DataType.Float16, 4);
        var mixed = PathOf("mixed.onnx");
        g.Unchecked().Save(mixed);

        StringAssert.Contains(Fails(ExitCode.Refused, "rewrite", mixed, "-o", PathOf("out.onnx")), "node node_Mul_0 (Mul) mixes float16 ('x') with float32 ('w')");
        var said = Ok("rewrite", mixed, "-o", PathOf("out.onnx"), "--repair", "--report", PathOf("r.json"));
        StringAssert.Contains(said, "repaired node_Mul_0: Mul now reads 'x' cast from float16 to float32");
        Assert.AreEqual(2, Json(PathOf("r.json")).GetProperty("repairs").GetArrayLength());
        StringAssert.Contains(Ok("validate", mixed, PathOf("out.onnx")), "The original was run in float32");
        StringAssert.Contains(Ok("rewrite", mixed, "-o", PathOf("out.onnx"), "--repair", "--html", PathOf("r.html"), "--validate"), "The original was run in float32");
        StringAssert.Contains(File.ReadAllText(PathOf("r.html")), "validated on cpu");
    }
}
