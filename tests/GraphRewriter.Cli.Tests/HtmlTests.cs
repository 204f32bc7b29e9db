namespace FlashRt.GraphRewriter.Cli.Tests;

/// <summary>--html: one page with totals, fusions, layers, errors and what was left alone, without anything from a network.</summary>
[TestClass]
public class HtmlTests : CliTest
{
    [TestMethod]
    public void ARewriteIsShownWithItsProof()
    {
        var output = Ok("rewrite", Model("pi0_prefix_fp16"), "-o", PathOf("out.onnx"), "--html", PathOf("r.html"), "--validate");
        StringAssert.Contains(output, "passed on random inputs");
        var page = File.ReadAllText(PathOf("r.html"));
        foreach (var part in new[] { "<svg class=strip", "<svg class=layer", "<svg class=plot", "nodes before", "sites not fused", ">before<", "AddLayerNorm", "layer 0" })
            StringAssert.Contains(page, part);
        Assert.IsFalse(page.Contains("{{"), "a part of the template is not filled");
        Assert.IsFalse(page.Contains("http") || page.Contains("src=") || page.Contains("<script"), "the page must not load anything");
    }

    [TestMethod]
    public void WithoutAProofThePageSaysHowToGetOne()
    {
        Ok("rewrite", Gemma, "-o", PathOf("out.onnx"), "--html", PathOf("r.html"), "--dims", "sequence=16");
        StringAssert.Contains(File.ReadAllText(PathOf("r.html")), "flashrt rewrite --html R.html --validate");
    }

    [TestMethod]
    public void AValidationIsShownToo()
    {
        Ok("validate", Gemma, Rewritten(), "--sites", "--html", PathOf("v.html"));
        var page = File.ReadAllText(PathOf("v.html"));
        StringAssert.Contains(page, "validated on cpu");
        StringAssert.Contains(page, "<circle class=\"passed\"");
        StringAssert.Contains(page, "<code>flashrt explain</code> says what was left alone");
        Assert.IsFalse(page.Contains("sites not fused"), "a validation does not look for what was left alone");
    }
}
