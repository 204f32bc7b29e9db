namespace FlashRt.CustomOps.Tests.Gemm;

/// <summary>kernels/gemm: matrix products in 16 bits, FP8, INT8 and NVFP4.</summary>
[TestClass]
public sealed class GemmTests
{
    private const string Family = "gemm";

    public static IEnumerable<object[]> Rows => OpRows.Of(Family);

    public static IEnumerable<object[]> Bodies => OpRows.Bodies(Family);

    [TestMethod, DynamicData(nameof(Rows))]
    public void MatchesReference(string op, string type, OpProvider provider) => OpAssert.MatchesReference(op, type, provider);

    [TestMethod, DynamicData(nameof(Bodies))]
    public void ReferenceMatchesUnfusedGraph(string op, string type) => OpAssert.ReferenceMatchesUnfusedGraph(op, type);
}
