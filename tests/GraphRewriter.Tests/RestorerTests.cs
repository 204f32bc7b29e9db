namespace FlashRt.GraphRewriter.Tests;

[TestClass]
public sealed class RestorerTests
{
    [TestMethod]
    public void ModelWithoutSitesStays()
    {
        var model = ModelTests.Load("siglip_fp16_ts");
        var before = model.Proto.Clone();
        Assert.AreEqual(0, Restorer.Restore(model));
        Assert.AreEqual(before, model.Proto);
    }

    [TestMethod]
    public void IrVersionComesBack()
    {
        var model = ModelTests.Load("siglip_fp16_ts");  // IR 8: functions with overloads need 10
        Rewriter.Rewrite(model, new RewriteOptions { CaptureSafe = false });
        Assert.AreEqual(10, model.Proto.IrVersion);
        Assert.AreEqual(1, model.Opset(FusedSites.Domain));
        Restorer.Restore(model);
        Assert.AreEqual(8, model.Proto.IrVersion);
        Assert.AreEqual(0, model.Opset(FusedSites.Domain));
    }

    [TestMethod]
    public void AFusedNodeInsideAFunctionIsRefused()
    {
        var model = ModelTests.Load("siglip_fp16_ts");
        Rewriter.Rewrite(model, new RewriteOptions { CaptureSafe = false });
        var (outer, inner) = (model.Proto.Functions[0], model.Proto.Graph.Node.First(n => n.Domain == FusedSites.Domain).Clone());
        inner.Name = "inner";
        outer.Node.Add(inner);
        StringAssert.Contains(Assert.ThrowsExactly<OnnxModelException>(() => Restorer.Restore(model)).Message, "cannot be restored: node 'inner'");
    }

    [TestMethod]
    public void FunctionsOfTheModelStay()
    {
        var model = ModelTests.Load("pi0_denoise_fp16");
        var own = new FunctionProto { Name = "Own", Domain = "example" };
        model.Proto.Functions.Add(own);
        Rewriter.Rewrite(model, new RewriteOptions { CaptureSafe = false });
        Restorer.Restore(model);
        Assert.AreEqual(own, model.Proto.Functions.Single());
    }
}
