using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;

namespace FlashRt.GraphRewriter.Tests.Spellings;

/// <summary>RMSNorm and LayerNorm as exporters and hand-written code spell them.</summary>
public static class NormSpellings
{
    public const int Width = 8;

    public static double[] Ramp(int count, double from = 0.5, double step = 0.125) => [.. Enumerable.Range(0, count).Select(i => from + i * step)];

    public static IReadOnlyList<Spelling> All { get; } =
    [
        new("rms, weight after the cast (Llama)", () => Rms(Float16, (g, n) => g.Op("Mul", W(g, Float16), g.Cast(n, Float16))), Rms16),
        new("rms, weight before the cast (Gemma)", () => Rms(Float16, (g, n) => g.Cast(g.Op("Mul", n, W(g, Float)), Float16)), """
            in  x: float16[2,seq,8]
            y = com.flashrt::RmsNorm(x, w.float16[8]) {epsilon=0.000001}
            out y: float16[2,seq,8]
            """),
        new("rms, one plus a stored weight", () => Rms(Float16, (g, n) =>
            g.Cast(g.Op("Mul", n, g.Op("Add", g.Scalar("one", Float, 1), g.Cast(W(g, Float16), Float))), Float16)), """
            in  x: float16[2,seq,8]
            y = com.flashrt::RmsNorm(x, add_1.float16[8]) {epsilon=0.000001}
            out y: float16[2,seq,8]
            """),
        new("rms, without a weight", () => Rms(Float16, (g, n) => g.Cast(n, Float16)), """
            in  x: float16[2,seq,8]
            y = com.flashrt::RmsNorm(x) {epsilon=0.000001}
            out y: float16[2,seq,8]
            """),
        new("rms, float32, product instead of power", () => Rms(Float, (g, n) => g.Op("Mul", n, W(g, Float)), square: "Mul"), """
            in  x: float32[2,seq,8]
            y = com.flashrt::RmsNorm(x, w) {epsilon=0.000001}
            out y: float32[2,seq,8]
            """),
        new("rms, divided by the root", () => Rms(Float16, (g, n) => g.Op("Mul", W(g, Float16), g.Cast(n, Float16)), root: "Div"), Rms16),
        new("rms, one over the root", () => Rms(Float16, (g, n) => g.Op("Mul", W(g, Float16), g.Cast(n, Float16)), root: "1/"), Rms16),
        new("rms, power of minus a half", () => Rms(Float16, (g, n) => g.Op("Mul", W(g, Float16), g.Cast(n, Float16)), root: "Pow"), Rms16),
        new("rms, root as a power", () => Rms(Float16, (g, n) => g.Op("Mul", W(g, Float16), g.Cast(n, Float16)), root: "Pow half"), Rms16),
        new("rms, factor narrowed before it is applied", () => Rms(Float16, (g, n) => g.Op("Mul", W(g, Float16), n), root: "narrowed"), Rms16),
        new("rms, weight with leading axes", () => Rms(Float16, (g, n) => g.Op("Mul", g.Initializer("w", Float16, [1, 1, Width], Ramp(Width)), g.Cast(n, Float16))), """
            in  x: float16[2,seq,8]
            y = com.flashrt::RmsNorm(x, w.float16[8]) {epsilon=0.000001}
            out y: float16[2,seq,8]
            """),
        new("rms, axes as attribute (opset 17)", () => Rms(Float16, (g, n) => g.Op("Mul", W(g, Float16), g.Cast(n, Float16)), opset: 17), Rms16),
        new("rms, bfloat16", () => Rms(Bfloat16, (g, n) => g.Op("Mul", W(g, Bfloat16), g.Cast(n, Bfloat16))), Rms16.Replace("float16", "bfloat16")),
        new("rms, two casts of the same input", () => Rms(Float16, (g, n) => g.Op("Mul", W(g, Float16), g.Cast(n, Float16)), secondCast: true), Rms16),
        new("rms, an epsilon that float16 rounded to zero (Helium)", () => Rms(Float16, (g, n) => g.Op("Mul", W(g, Float16), g.Cast(n, Float16)), epsilon: 0), Rms16.Replace("0.000001", "0")),
        new("rms, opset 23", () => Operator("RMSNormalization", 23, Float16), Rms16),
        new("rms, opset 23 with a float32 scale", () => Operator("RMSNormalization", 23, Float), """
            in  x: float16[2,seq,8]
            y = com.flashrt::RmsNorm(x, w.float16[8]) {epsilon=0.000001}
            out y: float16[2,seq,8]
            """),
        new("rms, as ONNX Runtime fuses it", () => Operator("SimplifiedLayerNormalization", 18, Float16), Rms16),
        new("layer norm, opset 17", () => Operator("LayerNormalization", 17, Float16, bias: true), """
            in  x: float16[2,seq,8]
            y = com.flashrt::LayerNorm(x, w, b) {epsilon=0.000001}
            out y: float16[2,seq,8]
            """),
        new("layer norm, no affine part", () => Operator("LayerNormalization", 17, Float16, bias: true, weights: 0), """
            in  x: float16[2,seq,8]
            y = com.flashrt::LayerNorm(x) {epsilon=0.000001}
            out y: float16[2,seq,8]
            """),
        new("layer norm, written out", () => Written(Float, true, true), """
            in  x: float32[2,seq,8]
            y = com.flashrt::LayerNorm(x, w, b) {epsilon=0.00001}
            out y: float32[2,seq,8]
            """),
        new("layer norm, written out in float32 between casts", () => Written(Float16, true, true), """
            in  x: float16[2,seq,8]
            y = com.flashrt::LayerNorm(x, w.float16[8], b.float16[8]) {epsilon=0.00001}
            out y: float16[2,seq,8]
            """),
        new("layer norm, written out with the difference twice", () => Written(Float, true, true, "twice"), """
            in  x: float32[2,seq,8]
            y = com.flashrt::LayerNorm(x, w, b) {epsilon=0.00001}
            out y: float32[2,seq,8]
            """),
        new("layer norm, written out with a reciprocal", () => Written(Float, true, false, "Reciprocal"), """
            in  x: float32[2,seq,8]
            y = com.flashrt::LayerNorm(x, w) {epsilon=0.00001}
            out y: float32[2,seq,8]
            """),
        new("layer norm, written out with a power", () => Written(Float, false, false, "Pow"), """
            in  x: float32[2,seq,8]
            y = com.flashrt::LayerNorm(x) {epsilon=0.00001}
            out y: float32[2,seq,8]
            """),
        new("layer norm, written out without parameters", () => Written(Float, false, false), """
            in  x: float32[2,seq,8]
            y = com.flashrt::LayerNorm(x) {epsilon=0.00001}
            out y: float32[2,seq,8]
            """),
    ];

    private const string Rms16 = """
        in  x: float16[2,seq,8]
        y = com.flashrt::RmsNorm(x, w) {epsilon=0.000001}
        out y: float16[2,seq,8]
        """;

    /// <summary>The formula up to the normalised value, in float32; <paramref name="finish"/> applies weight and cast.</summary>
    public static OnnxModel Rms(DataType type, Func<GraphBuilder, string, string> finish, string square = "Pow", string root = "Reciprocal", long opset = 18,
        bool secondCast = false, double exponent = 2, long axis = -1, int keepdims = 1, double epsilon = 1e-6)
    {
        var g = new GraphBuilder(opset);
        var x = g.Input("x", type, 2, "seq", Width);
        var wide = type == Float ? x : g.Cast(x, Float);
        var sq = square == "Mul" ? g.Op("Mul", wide, wide) : g.Op("Pow", wide, g.Scalar("two", Float, exponent));
        var mean = opset >= 18
            ? g.Node("ReduceMean", [sq, g.Integers("axes", axis)], [("keepdims", keepdims)])[0]
            : g.Node("ReduceMean", [sq], [("axes", new[] { axis }), ("keepdims", keepdims)])[0];
        var sum = g.Op("Add", mean, g.Scalar("eps", Float, epsilon));
        var again = secondCast ? g.Cast(x, Float) : wide;
        var normal = root switch
        {
            "Div" => g.Op("Div", again, g.Op("Sqrt", sum)),
            "1/" => g.Op("Mul", g.Op("Div", g.Scalar("unit", Float, 1), g.Op("Sqrt", sum)), again),
            "Pow half" => g.Op("Div", again, g.Op("Pow", sum, g.Scalar("half", Float, 0.5))),
            "narrowed" => g.Op("Mul", x, g.Cast(g.Op("Reciprocal", g.Op("Sqrt", sum)), type)),
            "Pow" => g.Op("Mul", again, g.Op("Pow", sum, g.Scalar("minus_half", Float, -0.5))),
            _ => g.Op("Mul", again, g.Op("Reciprocal", g.Op("Sqrt", sum))),
        };
        g.Node("Identity", [finish(g, normal)], outputs: ["y"]);
        g.Output("y", type, 2, "seq", Width);
        return Inline(g.Build());
    }

    private static OnnxModel Operator(string op, long opset, DataType scale, bool bias = false, double weights = 0.125)
    {
        var g = new GraphBuilder(opset).Import("com.microsoft", 1);
        List<string> inputs = [g.Input("x", Float16, 2, "seq", Width), g.Initializer("w", scale, [Width], weights == 0 ? Ramp(Width, 1, 0) : Ramp(Width))];
        if (bias) inputs.Add(g.Initializer("b", scale, [Width], weights == 0 ? Ramp(Width, 0, 0) : Ramp(Width, -0.25)));
        var y = g.Node(op, inputs, [("axis", -1), ("epsilon", 1e-6f)])[0];
        g.Node("Identity", [scale == Float16 ? y : g.Cast(y, Float16)], outputs: ["y"]);
        g.Output("y", Float16, 2, "seq", Width);
        return Inline(g.Build());
    }

    private static OnnxModel Written(DataType type, bool gamma, bool beta, string root = "Div")
    {
        var g = new GraphBuilder();
        var x = g.Input("x", type, 2, "seq", Width);
        var wide = type == Float ? x : g.Cast(x, Float);
        var axes = g.Integers("axes", -1);
        var d = g.Op("Sub", wide, g.Op("ReduceMean", wide, axes));
        var variance = g.Op("Add", g.Op("ReduceMean", g.Op("Pow", d, g.Scalar("two", Float, 2)), axes), g.Scalar("eps", Float, 1e-5));
        var y = root switch
        {
            "twice" => g.Op("Div", g.Op("Sub", wide, g.Op("ReduceMean", wide, axes)), g.Op("Sqrt", variance)),
            "Reciprocal" => g.Op("Mul", d, g.Op("Reciprocal", g.Op("Sqrt", variance))),
            "Pow" => g.Op("Mul", d, g.Op("Pow", variance, g.Scalar("minus_half", Float, -0.5))),
            _ => g.Op("Div", d, g.Op("Sqrt", variance)),
        };
        if (gamma) y = g.Op("Mul", y, W(g, Float));
        if (beta) y = g.Op("Add", y, g.Initializer("b", Float, [Width], Ramp(Width, -0.25)));
        g.Node("Identity", [type == Float ? y : g.Cast(y, type)], outputs: ["y"]);
        g.Output("y", type, 2, "seq", Width);
        return Inline(g.Build());
    }

    private static string W(GraphBuilder g, DataType type) => g.Initializer("w", type, [Width], Ramp(Width));

    /// <summary>Gives the last node's output the graph output's name, as exporters do.</summary>
    public static OnnxModel Inline(OnnxModel model)
    {
        var nodes = model.Proto.Graph.Node;
        var identity = nodes[^1];
        foreach (var node in nodes)
            for (var i = 0; i < node.Output.Count; i++)
                if (node.Output[i] == identity.Input[0]) node.Output[i] = identity.Output[0];
        foreach (var node in nodes)
            for (var i = 0; i < node.Input.Count; i++)
                if (node != identity && node.Input[i] == identity.Input[0]) node.Input[i] = identity.Output[0];
        nodes.RemoveAt(nodes.Count - 1);
        return model;
    }
}
