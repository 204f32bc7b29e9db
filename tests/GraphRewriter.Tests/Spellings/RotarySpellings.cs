using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;

namespace FlashRt.GraphRewriter.Tests.Spellings;

/// <summary>Rotate-half RoPE: tables computed or stored, heads before or after the sequence.</summary>
public static class RotarySpellings
{
    public static IReadOnlyList<Spelling> All { get; } =
    [
        new("computed tables, heads first", () => Rope(1, "Slice", computed: true), """
            in  x: float32[1,2,3,4]
            in  angles: float32[1,3,2]
            concat_0 = Concat(angles, angles) {axis=-1}
            cos_0 = Cos(concat_0)
            sin_0 = Sin(concat_0)
            y = com.flashrt::RotaryEmbedding(x, cos_0, sin_0) {style=rotate_half, layout=BNSH}
            out y: float32[1,2,3,4]
            """),
        new("computed tables, heads last, halves by Split", () => Rope(2, "Split", computed: true), """
            in  x: float32[1,3,2,4]
            in  angles: float32[1,3,2]
            concat_0 = Concat(angles, angles) {axis=-1}
            cos_0 = Cos(concat_0)
            sin_0 = Sin(concat_0)
            y = com.flashrt::RotaryEmbedding(x, cos_0, sin_0) {style=rotate_half, layout=BSNH}
            out y: float32[1,3,2,4]
            """),
        new("stored tables, heads first", () => Rope(1, "Slice", computed: false), """
            in  x: float32[1,2,3,4]
            y = com.flashrt::RotaryEmbedding(x, cos.float32[1,3,4], sin.float32[1,3,4]) {style=rotate_half, layout=BNSH}
            out y: float32[1,2,3,4]
            """),
        new("stored tables, heads last", () => Rope(2, "Slice", computed: false), """
            in  x: float32[1,3,2,4]
            y = com.flashrt::RotaryEmbedding(x, cos.float32[1,3,4], sin.float32[1,3,4]) {style=rotate_half, layout=BSNH}
            out y: float32[1,3,2,4]
            """),
    ];

    public static OnnxModel Rope(int headAxis, string halves, bool computed, bool repeated = true, long splitAt = 2)
    {
        var g = new GraphBuilder();
        long[] dims = headAxis == 1 ? [1, 2, 3, 4] : [1, 3, 2, 4];
        var x = g.Input("x", Float, [.. dims.Cast<object>()]);
        var (cos, sin) = computed ? Computed(g, headAxis) : (Stored(g, "cos", Math.Cos, headAxis, repeated), Stored(g, "sin", Math.Sin, headAxis, repeated));
        var (lower, upper) = halves == "Split"
            ? g.Node("Split", [x], [("axis", -1), ("num_outputs", 2)], ["lower", "upper"]) is [var l, var u] ? (l, u) : default
            : (Cut(g, x, "lower", 0, splitAt), Cut(g, x, "upper", splitAt, long.MaxValue));
        var rotated = g.Node("Concat", [g.Op("Neg", upper), lower], [("axis", -1)])[0];
        g.Node("Add", [g.Op("Mul", x, cos), g.Op("Mul", rotated, sin)], outputs: ["y"]);
        g.Output("y", Float, [.. dims.Cast<object>()]);
        return g.Build();
    }

    private static (string Cos, string Sin) Computed(GraphBuilder g, int headAxis)
    {
        var angles = g.Input("angles", Float, 1, 3, 2);
        var both = g.Node("Concat", [angles, angles], [("axis", -1)])[0];
        var axis = g.Integers("head_axis", headAxis);
        return (g.Op("Unsqueeze", g.Op("Cos", both), axis), g.Op("Unsqueeze", g.Op("Sin", both), axis));
    }

    private static string Stored(GraphBuilder g, string name, Func<double, double> f, int headAxis, bool repeated) =>
        g.Initializer(name, Float, headAxis == 1 ? [1, 1, 3, 4] : [1, 3, 1, 4],
            [.. Enumerable.Range(0, 12).Select(i => f(i / 4 * (repeated ? i % 2 + 1 : i % 4 + 1)))]);

    private static string Cut(GraphBuilder g, string x, string name, long start, long end) =>
        g.Op("Slice", x, g.Integers($"{name}_start", start), g.Integers($"{name}_end", end), g.Integers($"{name}_axis", 3), g.Integers($"{name}_step", 1));
}
