using FlashRt.GraphRewriter.Tests.Spellings;

namespace FlashRt.GraphRewriter.Tests.Rules;

[TestClass]
public sealed class RotaryEmbeddingRuleTests
{
    public static IEnumerable<object[]> NearMisses =>
    [
        [new NearMiss("tables whose halves differ", () => RotarySpellings.Rope(1, "Slice", computed: false, repeated: false), "RotaryEmbedding", "the two halves of the table 'cos' are not provably the same")],
        [new NearMiss("cut off the middle", () => RotarySpellings.Rope(1, "Slice", computed: false, splitAt: 1), "RotaryEmbedding", "are combined in other pairs")],
    ];

    [TestMethod]
    [DynamicData(nameof(NearMisses))]
    public void LeavesNearMissAlone(NearMiss miss) => miss.Check();

    [TestMethod]
    public void HeadsAreRotatedAfterTheyAreRepeated()
    {
        var model = MergingSpellings.Repeated();
        Rewriter.Rewrite(model, new RewriteOptions());
        var shapes = FusedSites.Of(model).Where(s => s.Op == "RotaryEmbedding").Select(s => model.Graph.Find(s.Node.Input[0])!.Shape!.ToString());
        CollectionAssert.AreEquivalent(new[] { "[2,3,32]", "[2,4,3,8]" }, shapes.ToArray());
        Oracle.AssertSame(MergingSpellings.Repeated(), model, tolerance: 1e-5);
    }
}
