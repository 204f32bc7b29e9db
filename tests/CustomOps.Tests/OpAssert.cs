namespace FlashRt.CustomOps.Tests;

/// <summary>What the family tests check.</summary>
internal static class OpAssert
{
    /// <summary>Every case of the op in this type gives what the float64 reference says.</summary>
    public static void MatchesReference(string op, string type, OpProvider provider)
    {
        Cuda.RequireFor(provider);
        AllPass(OpRows.Cases(op, type).Select(c => OpValidator.Run(c, provider)));
    }

    /// <summary>The unfused standard-ONNX graph on stock ONNX Runtime agrees with the reference.</summary>
    public static void ReferenceMatchesUnfusedGraph(string op, string type) =>
        AllPass(OpRows.Cases(op, type).Select(OpValidator.RunBody).OfType<OpRecord>());

    private static void AllPass(IEnumerable<OpRecord> records)
    {
        var tried = 0;
        var failures = new List<string>();
        foreach (var record in records)
        {
            tried += record.Shapes.Count;
            failures.AddRange(record.Failures.Select(f => $"{record.Signature}: {f}"));
        }
        Assert.AreNotEqual(0, tried, "nothing was tried");
        Assert.IsEmpty(failures, string.Join(Environment.NewLine, failures.Take(20)));
    }
}
