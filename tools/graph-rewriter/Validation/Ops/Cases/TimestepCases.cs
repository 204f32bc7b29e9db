namespace FlashRt.Validation.Ops;

/// <summary>Cases of the embedding of timesteps.</summary>
internal static class TimestepCases
{
    public static CaseTable TimestepEmbedding() => new CaseTable("TimestepEmbedding")
        .Call("sine first", "timesteps frequencies")
        .Call("cosine first", "timesteps frequencies", null, ("order", "cos_sin"))
        .Call("scaled angles", "timesteps frequencies", null, ("scale", 0.7))
        .With("one step (DiT)", d => Of(d.Uniform([1], 0, 1000, ElementType.Float32), Geometric(128, 1, 1e-4)))
        .With("a batch of whole steps", d => Of(d.Integers([5], 0, 999, ElementType.Float32), Geometric(160, 1, 1e-4)))
        .With("a batch of a column", d => Of(d.Uniform([3, 1], 0, 1, ElementType.Float32), Geometric(33, 1, 1e-3)))
        .With("steps of tokens", d => Of(d.Uniform([2, 7, 1], -1, 1, ElementType.Float32), Geometric(5, 10, 1)))
        .With("flow matching, periods from 0.004 to 4 (Pi0)", d => Of(d.Uniform([2], 0, 1, ElementType.Float32), Geometric(32, 2 * Math.PI / 4e-3, 2 * Math.PI / 4)))
        .With("one frequency", d => Of(d.Uniform([4], 0, 10, ElementType.Float32), Geometric(1, 1, 1)))
        .With("angles of a million radians", d => Of(d.Uniform([3], 500, 1000, ElementType.Float32), Geometric(17, 1000, 1)))
        .Special("no steps", d => Of(d.Uniform([0], 0, 1, ElementType.Float32), Geometric(8, 1, 1e-4)))
        .Special("no frequencies", d => Of(d.Uniform([3], 0, 1, ElementType.Float32), new OpTensor(ElementType.Float32, [0], [])))
        .Special("NaN, infinities, zeros", d => Of(d.Cycle([5], [double.NaN, double.PositiveInfinity, double.NegativeInfinity, 0, -0.0], ElementType.Float32), Geometric(4, 1, 1e-2)));

    private static Dictionary<string, OpTensor> Of(OpTensor timesteps, OpTensor frequencies) => new() { ["timesteps"] = timesteps, ["frequencies"] = frequencies };

    private static OpTensor Geometric(int count, double first, double last) => new(ElementType.Float32, [count],
        [.. Enumerable.Range(0, count).Select(i => (double)(float)(first * Math.Pow(last / first, i / Math.Max(1.0, count - 1))))]);
}
