using FlashRt.GraphRewriter.Tests.Spellings;
using FlashRt.Onnx.Catalog;
using Google.Protobuf;

namespace FlashRt.GraphRewriter.Tests.Rules;

/// <summary>Every spelling is fused to the graph beside it, can be taken back, and is left alone the second time.</summary>
[TestClass]
public sealed class SpellingTests
{
    public static IEnumerable<object[]> Spellings => AllSpellings.All.Select(s => new object[] { s });

    [TestMethod]
    [DynamicData(nameof(Spellings))]
    public void IsFused(Spelling spelling)
    {
        Assert.AreEqual(spelling.Golden, Spelling.Rewritten(spelling.Model(), out _));
    }

    [TestMethod]
    [DynamicData(nameof(Spellings))]
    public void RestoresToTheOriginal(Spelling spelling)
    {
        var original = ModelTests.Canonical(spelling.Model());
        var model = spelling.Model();
        Rewriter.Rewrite(model, new RewriteOptions { CaptureSafe = false, MergeProjections = false });
        Assert.AreEqual(1, Restorer.Restore(model));
        if (spelling.Name.Contains("float32 scale") || spelling.Name.Contains("ONNX Runtime") || spelling.Name.Contains("too large"))  // written out: see RmsNormRule, ComputedMask
            Assert.IsFalse(model.Graph.Nodes.Any(n => n.Domain.Length > 0 || n.OpType.Contains("Normalization")));
        else
            Assert.IsNull(GraphDiff.First(original.Proto, model.Proto));
    }

    [TestMethod]
    [DynamicData(nameof(Spellings))]
    public void ChangesNothingTheSecondTime(Spelling spelling)
    {
        var model = spelling.Model();
        Rewriter.Rewrite(model, new RewriteOptions { CaptureSafe = false });
        var once = model.Proto.ToByteArray();
        Rewriter.Rewrite(model, new RewriteOptions { CaptureSafe = false });
        CollectionAssert.AreEqual(once, model.Proto.ToByteArray());

        var other = spelling.Model();
        Rewriter.Rewrite(other, new RewriteOptions { CaptureSafe = false });
        CollectionAssert.AreEqual(once, other.Proto.ToByteArray(), "the same input gave other bytes");
    }

    [TestMethod]
    [DynamicData(nameof(Spellings))]
    public void FollowsTheCatalog(Spelling spelling)
    {
        var model = spelling.Model();
        Rewriter.Rewrite(model, new RewriteOptions { CaptureSafe = false });
        var site = FusedSites.Of(model).Single();
        var op = OpCatalog.Get(site.Op);
        Assert.IsTrue(site.Node.Attribute.All(a => op.FindAttribute(a.Name) is not null));
        Assert.AreEqual("site_0000", site.Overload);
        CollectionAssert.AreEqual(site.Node.Output, site.Body!.Output);
        Assert.AreEqual(site.Node.Input.Count, site.Body.Input.Count);
        Assert.AreEqual(site.Body.Input.Count, site.Body.Input.Distinct().Count(), "parameters of a function need names of their own");
        Assert.IsTrue(site.Nodes.Count > 0);
    }
}
