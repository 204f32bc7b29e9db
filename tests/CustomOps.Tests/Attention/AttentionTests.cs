namespace FlashRt.CustomOps.Tests.Attention;

/// <summary>kernels/attention: every layout, mask and length that attention takes.</summary>
[TestClass]
public sealed class AttentionTests
{
    private const string Family = "attention";

    public static IEnumerable<object[]> Rows => OpRows.Of(Family);

    public static IEnumerable<object[]> Bodies => OpRows.Bodies(Family);

    [TestMethod, DynamicData(nameof(Rows))]
    public void MatchesReference(string op, string type, OpProvider provider) => OpAssert.MatchesReference(op, type, provider);

    [TestMethod, DynamicData(nameof(Bodies))]
    public void ReferenceMatchesUnfusedGraph(string op, string type) => OpAssert.ReferenceMatchesUnfusedGraph(op, type);
}
