namespace FlashRt.GraphRewriter.Cli.Tests;

[TestClass]
public class ExplainCommandTests : CliTest
{
    [TestMethod]
    public void AMissNamesTheElementTheNodeWhatWasExpectedAndFound()
    {
        var path = NearGelus(layers: 1);
        var lines = Ok("explain", path, "--report", PathOf("r.json")).Split('\n').Select(l => l.Trim()).ToArray();
        CollectionAssert.IsSubsetOf(new[]
        {
            "Gelu, 1 place: 'node_Erf_0'", "element   input 1 of Div 'node_Div_0'", "node      node_Div_0",
            "expected  the constant 1.414214", "found     the constant 2 ('wrong')",
        }, lines);
        var site = Json(PathOf("r.json")).GetProperty("not_fused")[0];
        CollectionAssert.AreEqual(new[] { "rule", "node", "reason", "element", "at", "expected", "found" }, Keys(site));
        Assert.AreEqual("expected the constant 1.414214, found the constant 2 ('wrong')", site.GetProperty("reason").GetString());
        Assert.AreEqual("the constant 2 ('wrong')", site.GetProperty("found").GetString());
    }

    [TestMethod]
    public void PlacesWithOneReasonAreToldOnce()
    {
        var path = NearGelus(layers: 5);
        var output = Ok("explain", path);
        StringAssert.Contains(output, "Gelu, 5 places: 'node_Erf_0', 'node_Erf_1', 'node_Erf_2' and 2 more");
        StringAssert.Contains(output, "5 places left alone, for 1 reason; 0 sites fused.");
        StringAssert.Contains(Ok("explain", path, "--rule", "Gelu"), "'node_Erf_4'");
        StringAssert.Contains(Ok("explain", path, "--rule", "RmsNorm"), "Nothing of the rule RmsNorm that looks fusable was left alone");
    }

    [TestMethod]
    public void ANodeIsExplainedByTheMissesAtItOrByItsSite()
    {
        var path = NearGelus(layers: 5);
        StringAssert.Contains(Ok("explain", path, "--node", "node_Div_3"), "1 place at 'node_Div_3' left alone");
        var fused = Rewriter.Rewrite(OnnxModel.Load(Gemma), new RewriteOptions()).Sites[0];
        StringAssert.Contains(Ok("explain", Gemma, "--node", fused.Nodes[0]), $"it is part of {fused.Op} '{fused.Name}', made by the rule {fused.Rule}");
    }

    [TestMethod]
    public void ARuleThatRefusesSaysWhy() =>
        StringAssert.Contains(Ok("explain", Model("pi0_prefix_fp16")), "the formula fits; refused because the addends");

    [TestMethod]
    public void UnknownRuleOrNodeIsAUsageError()
    {
        StringAssert.Contains(Fails(ExitCode.Usage, "explain", Gemma, "--rule", "Nonsense"), "There is no rule 'Nonsense'; the rules are OnnxAttention, ");
        StringAssert.Contains(Fails(ExitCode.Usage, "explain", Gemma, "--node", "nowhere"), "has no node 'nowhere'");
    }

    // Gelus over 2 instead of the square root of 2.
    private string NearGelus(int layers)
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 2, 8);
        var two = g.Scalar("wrong", DataType.Float, 2);
        var (half, one) = (g.Scalar("half", DataType.Float, 0.5), g.Scalar("one", DataType.Float, 1));
        for (var i = 0; i < layers; i++) x = g.Op("Mul", half, g.Op("Mul", x, g.Op("Add", one, g.Op("Erf", g.Op("Div", x, two)))));
        g.Output(x, DataType.Float, 2, 8);
        var path = PathOf("near.onnx");
        g.Build().Save(path);
        return path;
    }
}
