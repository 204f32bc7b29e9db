namespace FlashRt.CustomOps.Tests.Memory;

/// <summary>kernels/memory: copies, slices, patches, fills and the Euler step.</summary>
[TestClass]
public sealed class MemoryTests
{
    private const string Family = "memory";

    public static IEnumerable<object[]> Rows => OpRows.Of(Family);

    [TestMethod, DynamicData(nameof(Rows))]
    public void MatchesReference(string op, string type, OpProvider provider) => OpAssert.MatchesReference(op, type, provider);
}
