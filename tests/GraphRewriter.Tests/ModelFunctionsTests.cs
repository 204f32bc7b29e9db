namespace FlashRt.GraphRewriter.Tests;

[TestClass]
public sealed class ModelFunctionsTests
{
    [TestMethod]
    public void SitesStandAlone()
    {
        var model = ModelTests.Load("gemma_fp16_dynamo");
        Rewriter.Rewrite(model, new RewriteOptions());
        foreach (var site in FusedSites.Of(model))
        {
            var body = ModelFunctions.BodyModel(model, site);
            Assert.IsTrue(body.Graph.Nodes.All(n => n.Domain.Length == 0), "a body is standard ONNX");
            Assert.AreEqual(0, body.Opset(FusedSites.Domain));
            CollectionAssert.AreEqual(site.Node.Output, body.Proto.Graph.Output.Select(o => o.Name).ToArray());

            var node = ModelFunctions.NodeModel(model, site);
            Assert.AreEqual(site.Op, node.Graph.Nodes.Single().OpType);
            Assert.AreEqual(0, node.Proto.Functions.Count);
            CollectionAssert.AreEqual(body.Proto.Graph.Input, node.Proto.Graph.Input, "both take the same inputs");
        }
    }

    [TestMethod]
    public void InnerValuesCanBecomeOutputs()
    {
        var model = ModelTests.Load("gemma_fp16_dynamo");
        Rewriter.Rewrite(model, new RewriteOptions());
        var exposed = ModelFunctions.WithOutputs(model, ["mul_3", "logits", "mul_3"]);
        CollectionAssert.AreEqual(new[] { "logits", "mul_3" }, exposed.Proto.Graph.Output.Select(o => o.Name).ToArray());
        Assert.AreEqual(1, model.Proto.Graph.Output.Count, "the model itself stays");
    }
}
