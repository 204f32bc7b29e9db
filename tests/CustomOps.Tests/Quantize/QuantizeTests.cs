namespace FlashRt.CustomOps.Tests.Quantize;

/// <summary>kernels/quantize: FP8, NVFP4 and INT8 quantisers and their inverses.</summary>
[TestClass]
public sealed class QuantizeTests
{
    private const string Family = "quantize";

    public static IEnumerable<object[]> Rows => OpRows.Of(Family);

    public static IEnumerable<object[]> Bodies => OpRows.Bodies(Family);

    [TestMethod, DynamicData(nameof(Rows))]
    public void MatchesReference(string op, string type, OpProvider provider) => OpAssert.MatchesReference(op, type, provider);

    [TestMethod, DynamicData(nameof(Bodies))]
    public void ReferenceMatchesUnfusedGraph(string op, string type) => OpAssert.ReferenceMatchesUnfusedGraph(op, type);
}
