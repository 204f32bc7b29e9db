namespace FlashRt.Validation.Ops;

/// <summary>Cases of Concat, Split and ScatterND.</summary>
internal static class PiecesCases
{
    private const int Most = 16;

    public static CaseTable Concat() => new CaseTable("Concat")
        .Call("last axis of two", "X0 X1", null, ("axis", -1))
        .Call("first axis of three", "X0 X1 X2", null, ("axis", 0))
        .Call("middle axis of two", "X0 X1", null, ("axis", 1))
        .Call("one part", "X0", null, ("axis", 0))
        .Call("as many parts as there may be", Numbered("X"), null, ("axis", 2))
        .With("aligned parts", d => Parts(d, [2, 3, 16], 16))
        .With("parts of other sizes, unaligned", d => Parts(d, [3, 5, 7], 3))
        .With("single elements", d => Parts(d, [1, 1, 1], 1))
        .Special("bits pass", d => Parts(d, [2, 2, 6], 2))
        .Special("an empty part", d => Parts(d, [2, 3, 4], 0));

    public static CaseTable Split() => new CaseTable("Split")
        .Call("last axis in three", "X", "Y0 Y1 Y2", ("axis", -1), ("sizes", new long[] { 16, 16, 16 }))
        .Call("last axis in parts of other sizes", "X", "Y0 Y1 Y2", ("axis", 2), ("sizes", new long[] { 5, 1, 42 }))
        .Call("first axis", "X", "Y0 Y1", ("axis", 0), ("sizes", new long[] { 1, 3 }))
        .Call("an empty part", "X", "Y0 Y1 Y2", ("axis", 1), ("sizes", new long[] { 2, 0, 1 }))
        .Call("a part that nobody takes", "X", "Y0 Y2", ("axis", -1), ("sizes", new long[] { 8, 8, 32 }))
        .Call("as many parts as there may be", "X", Numbered("Y"), ("axis", 2), ("sizes", Enumerable.Repeat(3L, Most).ToArray()))
        .With("rank 3", d => new Dictionary<string, OpTensor> { ["X"] = MemoryCases.Any(d, [4, 3, 48]) });

    public static CaseTable ScatterND() => new CaseTable("ScatterND").Call("plain", "data indices updates")
        .With("rows", d => Scatter(d, [8, 5], [[1], [6], [-1]]))
        .With("aligned slices", d => Scatter(d, [4, 2, 16], [[0, 1], [3, 0], [-2, -1]]))
        .With("elements", d => Scatter(d, [3, 4], [[0, 0], [2, 3], [1, -1]]))
        .With("one cache row", d => Scatter(d, [2, 6, 8], [[1, 4]]))
        .Special("no slices", d => Scatter(d, [4, 4], []));

    private static string Numbered(string name) => string.Join(' ', Enumerable.Range(0, Most).Select(i => $"{name}{i}"));

    // Parts along the call's axis, of the size of the first or of growing ones.
    private static Dictionary<string, OpTensor> Parts(Data d, long[] shape, long step)
    {
        var axis = d.Int("axis") is var a && a < 0 ? a + shape.Length : a;
        var parts = new Dictionary<string, OpTensor>();
        foreach (var name in d.Signature.Inputs)
        {
            parts[name] = MemoryCases.Any(d, [.. shape]);
            shape = [.. shape];
            shape[axis] = step == 16 ? shape[axis] : step == 0 ? (parts.Count == 1 ? 0 : 2) : shape[axis] % 5 + step;
        }
        return parts;
    }

    private static Dictionary<string, OpTensor> Scatter(Data d, long[] shape, long[][] tuples)
    {
        var depth = tuples.Length == 0 ? 1 : tuples[0].Length;
        return new()
        {
            ["data"] = MemoryCases.Any(d, shape),
            ["indices"] = new OpTensor(ElementType.Int64, [tuples.Length, depth], [.. tuples.SelectMany(t => t).Select(i => (double)i)]),
            ["updates"] = MemoryCases.Any(d, [tuples.Length, .. shape[depth..]]),
        };
    }
}
