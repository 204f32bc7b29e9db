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
        new("interleaved, signs stacked, angles twice", () => Pairs((g, x) =>
        {
            var turned = g.Op("Reshape", Stack(g, g.Op("Neg", Every(g, x, 1)), Every(g, x, 0)), g.Integers("flat", 1, 2, 3, 4));
            return g.Op("Add", g.Op("Mul", x, Twice(g, "cos", Math.Cos)), g.Op("Mul", turned, Twice(g, "sin", Math.Sin)));
        }), Interleaved),
        new("interleaved, pairs rotated and stacked (GPT-J)", () => Pairs((g, x) =>
        {
            var (a, b, cos, sin) = (Every(g, x, 0), Every(g, x, 1), Once(g, "cos", Math.Cos), Once(g, "sin", Math.Sin));
            return g.Op("Reshape", Stack(g, g.Op("Sub", g.Op("Mul", a, cos), g.Op("Mul", b, sin)), g.Op("Add", g.Op("Mul", a, sin), g.Op("Mul", b, cos))), g.Integers("flat", 1, 2, 3, 4));
        }), Interleaved.Replace("float32[1,3,4]", "float32[1,3,2]")),
        new("halves rotated and joined, tables of half the width", () => Pairs((g, x) =>
        {
            var (a, b, cos, sin) = (Cut(g, x, "lower", 0, 2), Cut(g, x, "upper", 2, 4), Once(g, "cos", Math.Cos), Once(g, "sin", Math.Sin));
            return g.Node("Concat", [g.Op("Sub", g.Op("Mul", a, cos), g.Op("Mul", b, sin)), g.Op("Add", g.Op("Mul", b, cos), g.Op("Mul", a, sin))], [("axis", -1)])[0];
        }), Halves),
        new("float16 halves widened after they are cut", () => Widened(), """
            in  x: float16[1,2,3,4]
            cast_0 = Cast(x) {to=1}
            add_0 = com.flashrt::RotaryEmbedding(cast_0, cos.float32[1,3,4], sin.float32[1,3,4]) {style=rotate_half, layout=BNSH}
            y = Cast(add_0) {to=10}
            out y: float16[1,2,3,4]
            """),
        new("first half of the head only, between transposes", () => Partial(), """
            in  x: float32[1,3,16]
            y = com.flashrt::RotaryEmbedding(x, cos.float32[1,3,2], sin.float32[1,3,2]) {style=rotate_half, num_heads=2, rotary_dim=4, output_layout=BNSH}
            out y: float32[1,2,3,8]
            """),
        new("operator of opset 23, rows by position, part of the head", () => Operator(23, "RotaryEmbedding", ["x", "cos", "sin", "positions"], ("num_heads", 2), ("rotary_embedding_dim", 4), ("interleaved", 1)), Gathered),
        new("operator of com.microsoft", () => Operator(18, "com.microsoft::RotaryEmbedding", ["x", "positions", "cos", "sin"], ("num_heads", 2), ("rotary_embedding_dim", 4), ("interleaved", 1)), Gathered),
    ];

    private const string Gathered = """
        in  x: float32[1,3,16]
        in  positions: int64[1,3]
        y.cos.rows = Gather(cos, positions) {axis=0}
        y.sin.rows = Gather(sin, positions) {axis=0}
        y = com.flashrt::RotaryEmbedding(x, y.cos.rows, y.sin.rows) {style=interleaved, num_heads=2, rotary_dim=4}
        out y: float32[1,3,16]
        """;

    private static OnnxModel Operator(long opset, string op, string[] inputs, params (string, object)[] attributes)
    {
        var g = new GraphBuilder(opset).Import("com.microsoft", 1);
        g.Input("x", Float, 1, 3, 16);
        g.Input("positions", DataType.Int64, 1, 3);
        foreach (var (name, f) in new (string, Func<double, double>)[] { ("cos", Math.Cos), ("sin", Math.Sin) })
            g.Initializer(name, Float, [9, 2], [.. Enumerable.Range(0, 18).Select(i => f(i / 2 * (i % 2 + 1)))]);
        g.Node(op, inputs, attributes, ["y"]);
        g.Output("y", Float, 1, 3, 16);
        return g.Build();
    }

    private const string Interleaved = """
        in  x: float32[1,2,3,4]
        y = com.flashrt::RotaryEmbedding(x, cos.float32[1,3,4], sin.float32[1,3,4]) {style=interleaved, layout=BNSH}
        out y: float32[1,2,3,4]
        """;

    private const string Halves = """
        in  x: float32[1,2,3,4]
        y = com.flashrt::RotaryEmbedding(x, cos.float32[1,3,2], sin.float32[1,3,2]) {style=rotate_half, layout=BNSH}
        out y: float32[1,2,3,4]
        """;

    private static OnnxModel Pairs(Func<GraphBuilder, string, string> rotate)
    {
        var g = new GraphBuilder();
        g.Node("Identity", [rotate(g, g.Input("x", Float, 1, 2, 3, 4))], outputs: ["y"]);
        g.Output("y", Float, 1, 2, 3, 4);
        return NormSpellings.Inline(g.Build());
    }

    private static OnnxModel Widened()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Float16, 1, 2, 3, 4);
        string Table(string name, Func<double, double> f) => g.Initializer(name, Float, [1, 1, 3, 4], [.. Enumerable.Range(0, 12).Select(i => f(i / 4 * (i % 2 + 1)))]);
        var wide = g.Op("Mul", g.Cast(x, Float), Table("cos", Math.Cos));
        var turned = g.Cast(g.Node("Concat", [g.Op("Neg", Cut(g, x, "upper", 2, 4)), Cut(g, x, "lower", 0, 2)], [("axis", -1)])[0], Float);
        g.Node("Cast", [g.Op("Add", wide, g.Op("Mul", turned, Table("sin", Math.Sin)))], [("to", (long)Float16)], ["y"]);
        g.Output("y", Float16, 1, 2, 3, 4);
        return g.Build();
    }

    private static OnnxModel Partial()
    {
        var g = new GraphBuilder();
        var x = g.Node("Transpose", [g.Op("Reshape", g.Input("x", Float, 1, 3, 16), g.Integers("split", 1, 3, 2, 8))], [("perm", new long[] { 0, 2, 1, 3 })])[0];
        var (cos, sin, part) = (Once(g, "cos", Math.Cos), Once(g, "sin", Math.Sin), Cut(g, x, "part", 0, 4));
        var (a, b) = (Cut(g, part, "lower", 0, 2), Cut(g, part, "upper", 2, 4));
        g.Node("Concat", [g.Op("Sub", g.Op("Mul", a, cos), g.Op("Mul", b, sin)), g.Op("Add", g.Op("Mul", b, cos), g.Op("Mul", a, sin)), Cut(g, x, "rest", 4, 8)], [("axis", 3)], ["y"]);
        g.Output("y", Float, 1, 2, 3, 8);
        return g.Build();
    }

    private static string Stack(GraphBuilder g, string a, string b) =>
        g.Node("Concat", [g.Op("Unsqueeze", a, g.Integers("new_a", -1)), g.Op("Unsqueeze", b, g.Integers("new_b", -1))], [("axis", -1)])[0];

    private static string Every(GraphBuilder g, string x, long from) =>
        g.Op("Slice", x, g.Integers($"from_{from}", from), g.Integers($"to_{from}", long.MaxValue), g.Integers($"axis_{from}", 3), g.Integers($"step_{from}", 2));

    private static string Once(GraphBuilder g, string name, Func<double, double> f) => g.Initializer(name, Float, [1, 1, 3, 2], [.. Enumerable.Range(0, 6).Select(i => f(i))]);

    private static string Twice(GraphBuilder g, string name, Func<double, double> f) => g.Initializer(name, Float, [1, 1, 3, 4], [.. Enumerable.Range(0, 12).Select(i => f(i / 2))]);

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
