namespace FlashRt.CustomOps.Tests.Rope;

/// <summary>kernels/rope: rotary embeddings and QKV splits.</summary>
[TestClass]
public sealed class RopeTests
{
    private const string Family = "rope";

    public static IEnumerable<object[]> Rows => OpRows.Of(Family);

    public static IEnumerable<object[]> Bodies => OpRows.Bodies(Family);

    [TestMethod, DynamicData(nameof(Rows))]
    public void MatchesReference(string op, string type, OpProvider provider) => OpAssert.MatchesReference(op, type, provider);

    [TestMethod, DynamicData(nameof(Bodies))]
    public void ReferenceMatchesUnfusedGraph(string op, string type) => OpAssert.ReferenceMatchesUnfusedGraph(op, type);
}
