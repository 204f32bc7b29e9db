namespace FlashRt.CustomOps.Tests.Norm;

/// <summary>kernels/norm: RMS and layer norms, their residual, modulated and quantising forms.</summary>
[TestClass]
public sealed class NormTests
{
    private const string Family = "norm";

    public static IEnumerable<object[]> Rows => OpRows.Of(Family);

    public static IEnumerable<object[]> Bodies => OpRows.Bodies(Family);

    [TestMethod, DynamicData(nameof(Rows))]
    public void MatchesReference(string op, string type, OpProvider provider) => OpAssert.MatchesReference(op, type, provider);

    [TestMethod, DynamicData(nameof(Bodies))]
    public void ReferenceMatchesUnfusedGraph(string op, string type) => OpAssert.ReferenceMatchesUnfusedGraph(op, type);
}
