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

    /// <summary>Timing the candidate algorithms changes which of them runs, not what comes out.</summary>
    [TestMethod]
    [DataRow(OpProvider.Cpu)]
    [DataRow(OpProvider.Cuda)]
    public void AutotunedProductsAreRight(OpProvider provider)
    {
        Cuda.RequireFor(provider);
        foreach (var type in new[] { "float16", "bfloat16" })
        {
            var plain = OpRows.Cases("Gemm", type).First();
            var tuned = new OpCase(plain.Signature with { Attributes = new Dictionary<string, object> { ["autotune"] = 1L } }, "autotuned", () => plain.Samples);
            var record = OpValidator.Run(tuned, provider);
            Assert.IsTrue(record.Passed, string.Join(Environment.NewLine, record.Failures));
        }
    }
}
