using System.Text.Json;

namespace FlashRt.GraphRewriter.Tests;

[TestClass]
public sealed class ReportTests
{
    [TestMethod]
    public void JsonHasTheKeysThatScriptsRelyOn()
    {
        var report = Rewriter.Rewrite(ModelTests.Load("pi0_prefix_fp16"), new RewriteOptions { CaptureSafe = false });
        using var json = JsonDocument.Parse(report.ToJson());
        var root = json.RootElement;
        CollectionAssert.IsSubsetOf(new[] { "model", "nodes_before", "nodes_after", "canonical", "fusions", "sites", "not_fused" }, root.EnumerateObject().Select(p => p.Name).ToArray());
        Assert.AreEqual(212, root.GetProperty("nodes_before").GetInt32());
        Assert.IsTrue(root.GetProperty("canonical").EnumerateObject().All(p => p.Value.GetInt32() > 0));
        Assert.AreEqual(3, root.GetProperty("fusions").GetProperty("Attention").GetInt32());
        var site = root.GetProperty("sites")[0];
        CollectionAssert.AreEqual(new[] { "op", "name", "nodes" }, site.EnumerateObject().Select(p => p.Name).ToArray());
        CollectionAssert.AreEqual(new[] { "rule", "node", "reason", "element", "at", "expected", "found" }, root.GetProperty("not_fused")[0].EnumerateObject().Select(p => p.Name).ToArray());
    }
}
