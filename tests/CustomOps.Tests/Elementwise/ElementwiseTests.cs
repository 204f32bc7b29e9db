namespace FlashRt.CustomOps.Tests.Elementwise;

/// <summary>kernels/elementwise: residual sums and gated activations.</summary>
[TestClass]
public sealed class ElementwiseTests
{
    private const string Family = "elementwise";

    public static IEnumerable<object[]> Rows => OpRows.Of(Family);

    public static IEnumerable<object[]> Bodies => OpRows.Bodies(Family);

    [TestMethod, DynamicData(nameof(Rows))]
    public void MatchesReference(string op, string type, OpProvider provider) => OpAssert.MatchesReference(op, type, provider);

    [TestMethod, DynamicData(nameof(Bodies))]
    public void ReferenceMatchesUnfusedGraph(string op, string type) => OpAssert.ReferenceMatchesUnfusedGraph(op, type);
}
