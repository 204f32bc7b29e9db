namespace FlashRt.CustomOps.Tests;

/// <summary>The case tables reach everything that the catalog promises.</summary>
[TestClass]
public sealed class CoverageTests
{
    private static readonly IReadOnlyList<OpSignature> Signatures = [.. OpCases.All.Select(c => c.Signature)];

    public static IEnumerable<object[]> Ops => OpCatalog.Ops.Select(op => new object[] { op.Name });

    [TestMethod]
    public void EverySeedHasACase()
    {
        var missing = OpCatalog.Ops.SelectMany(op => op.Seeds.Where(seed => !Signatures.Any(s => s.Op == op && s.Covers(seed)))).Select(seed => seed.Id).ToList();
        Assert.IsEmpty(missing, $"no case is a call of {string.Join(", ", missing)}");
    }

    [TestMethod, DynamicData(nameof(Ops))]
    public void EveryOptionalOperandIsThereInSomeCasesAndAbsentInOthers(string name)
    {
        var op = OpCatalog.Get(name);
        var signatures = Signatures.Where(s => s.Op == op).ToList();
        foreach (var input in op.Inputs.Where(i => i.Optional).Select(i => i.Name))
        {
            Assert.IsTrue(signatures.Any(s => s.Inputs.Contains(input)), $"{input} is never there");
            Assert.IsTrue(signatures.Any(s => !s.Inputs.Contains(input)), $"{input} is never absent");
        }
        foreach (var output in op.Outputs.Where(o => o.Optional).Select(o => o.Name))
        {
            Assert.IsTrue(signatures.Any(s => s.Outputs.Contains(output)), $"{output} is never there");
            Assert.IsTrue(signatures.Any(s => !s.Outputs.Contains(output)), $"{output} is never absent");
        }
    }

    [TestMethod, DynamicData(nameof(Ops))]
    public void EveryAttributeIsTriedWithEachValue(string name)
    {
        var op = OpCatalog.Get(name);
        var signatures = Signatures.Where(s => s.Op == op).ToList();
        foreach (var attribute in op.Attributes)
        {
            var tried = signatures.Select(s => s.Attribute(attribute.Name)).Distinct().ToList();
            foreach (var value in attribute.Values)
                CollectionAssert.Contains(tried, value, attribute.Name);
            // Autotuning changes which algorithm runs, not what is computed, and takes its time: it has a test of its own.
            if (attribute.Values.Count == 0 && attribute.Name != "autotune")
                Assert.IsGreaterThan(1, tried.Count, $"{attribute.Name} is tried with one value only");
        }
    }

    [TestMethod, DynamicData(nameof(Ops))]
    public void EveryTypeIsTried(string name)
    {
        var op = OpCatalog.Get(name);
        CollectionAssert.AreEquivalent(OpRows.Types(op).ToList(), Signatures.Where(s => s.Op == op).Select(s => s.Type.Name()).Distinct().ToList());
    }
}
