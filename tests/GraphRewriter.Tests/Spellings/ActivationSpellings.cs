using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;
using static FlashRt.GraphRewriter.Tests.Spellings.NormSpellings;

namespace FlashRt.GraphRewriter.Tests.Spellings;

/// <summary>GELU in its orders, and gated activations.</summary>
public static class ActivationSpellings
{
    public static IReadOnlyList<Spelling> All { get; } =
    [
        new("erf, x * (0.5 * (1 + erf(x / sqrt 2)))", () => Unary((g, x) => Mul(g, x, Half(g), One(g, Erf(g, x, "Div")))), Gelu("none")),
        new("erf, 0.5 * (x * (erf(x * sqrt 0.5) + 1))", () => Unary((g, x) => g.Op("Mul", Half(g), g.Op("Mul", x, One(g, Erf(g, x, "Mul"))))), Gelu("none")),
        new("erf, (0.5 * x) * (1 + erf(...))", () => Unary((g, x) => g.Op("Mul", g.Op("Mul", Half(g), x), One(g, Erf(g, x, "Div")))), Gelu("none")),
        new("tanh with Pow (PyTorch dynamo)", () => Unary((g, x) => Mul(g, x, Half(g), One(g, Tanh(g, x, pow: true)))), Gelu("tanh")),
        new("tanh with products (PyTorch TorchScript)", () => Unary((g, x) => g.Op("Mul", Half(g), g.Op("Mul", x, One(g, Tanh(g, x, pow: false))))), Gelu("tanh")),
        new("tanh with x factored out", () => Unary((g, x) => g.Op("Mul", g.Op("Mul", Half(g), x), One(g, g.Op("Tanh",
            g.Op("Mul", g.Op("Mul", x, g.Scalar("k", Float16, 0.79788456)), One(g, g.Op("Mul", g.Op("Mul", g.Scalar("c", Float16, 0.044715), x), x), "unit")))))), Gelu("tanh")),
        new("tanh, half distributed", () => Unary((g, x) => g.Op("Mul", x, g.Op("Add", g.Op("Mul", Half(g), Tanh(g, x, pow: true)), g.Scalar("h", Float16, 0.5)))), Gelu("tanh")),
        new("quick", () => Unary((g, x) => g.Op("Mul", x, g.Op("Sigmoid", g.Op("Mul", x, g.Scalar("k", Float16, 1.702))))), Gelu("quick")),
        new("tanh between casts, with the constants of float16", () => Unary((g, x) => Between(g, x, WideTanh)), Gelu("tanh")),
        new("operator between casts", () => Unary((g, x) => Between(g, x, (g, w) => g.Op("Gelu", w))), Gelu("none")),
        new("gate of tanh between casts, with the constants of float16", () => Twofold((g, gate, up) => g.Cast(g.Op("Mul", WideTanh(g, g.Cast(gate, Float)), g.Cast(up, Float)), Float16)), GatedGolden("gelu_tanh")),
        new("gate of silu between casts", () => Twofold((g, gate, up) => Between(g, gate, (g, w) => g.Op("Mul", g.Op("Mul", w, g.Op("Sigmoid", w)), g.Cast(up, Float)))), GatedGolden("silu")),
        new("operator of opset 20", () => Unary((g, x) => g.Node("Gelu", [x], [("approximate", "tanh")])[0], 20), Gelu("tanh")),
        new("operator of com.microsoft", () => Unary((g, x) => g.Op("com.microsoft::FastGelu", x)), Gelu("tanh")),
        new("erf after a bias", () => Unary((g, x) => { var b = g.Op("Add", g.Initializer("bias", Float16, [Width], Ramp(Width)), x); return Mul(g, b, Half(g), One(g, Erf(g, b, "Div"))); }), """
            in  x: float16[2,seq,8]
            y = com.flashrt::Gelu(x, bias) {approximate=none}
            out y: float16[2,seq,8]
            """),
        new("geglu, split", () => Gated((g, gate) => g.Node("Gelu", [gate], [("approximate", "tanh")])[0]), GatedGolden("gelu_tanh")),
        new("geglu by erf, split", () => Gated((g, gate) => Mul(g, gate, Half(g), One(g, Erf(g, gate, "Div")))), GatedGolden("gelu_erf")),
        new("swiglu, split", () => Gated((g, gate) => g.Op("Mul", gate, g.Op("Sigmoid", gate))), GatedGolden("silu")),
        new("swiglu with Swish", () => Gated((g, gate) => g.Op("Swish", gate), 24), GatedGolden("silu")),
        new("swiglu, up times gate first", () => Twofold((g, gate, up) => g.Op("Mul", g.Op("Mul", up, gate), g.Op("Sigmoid", gate))), GatedGolden("silu")),
        new("reglu", () => Gated((g, gate) => g.Op("Relu", gate)), GatedGolden("relu")),
        new("glu", () => Gated((g, gate) => g.Op("Sigmoid", gate)), GatedGolden("sigmoid")),
        new("quick geglu", () => Gated((g, gate) => g.Node("com.microsoft::QuickGelu", [gate], [("alpha", 1.702f)])[0]), GatedGolden("gelu_quick")),
        new("geglu with a biased gate: the gate wins", () => Gated((g, gate) => g.Op("Gelu", g.Op("Add", gate, g.Initializer("bias", Float16, [Width], Ramp(Width))))), """
            in  gate: float16[2,seq,8]
            in  up: float16[2,seq,8]
            add_0 = Add(gate, bias)
            y = com.flashrt::GatedActivation(add_0, up) {activation=gelu_erf}
            out y: float16[2,seq,8]
            """),
        new("swiglu, halves by Split", () => Merged(g => g.Node("Split", ["x"], [("axis", -1), ("num_outputs", 2)], ["a", "b"]), "silu"), MergedGolden("silu")),
        new("swiglu, halves by Split with sizes", () => Merged(g => g.Node("Split", ["x", g.Integers("sizes", 4, 4)], [("axis", 2)], ["a", "b"]), "silu"), MergedGolden("silu")),
        new("geglu, halves by Slice", () => Merged(g =>
            [Slice(g, "lower", 0, 4), Slice(g, "upper", 4, long.MaxValue)], "gelu"), MergedGolden("gelu_tanh")),
        new("geglu, halves the other way round", () => Merged(g => [.. g.Node("Split", ["x"], [("axis", -1), ("num_outputs", 2)], ["a", "b"]).Reverse()], "gelu"), """
            in  x: float16[2,seq,8]
            y = com.flashrt::GatedActivation(x) {activation=gelu_tanh, order=up_gate}
            out y: float16[2,seq,4]
            """),
    ];

    public static OnnxModel Unary(Func<GraphBuilder, string, string> formula, long opset = 20)
    {
        var g = new GraphBuilder(opset).Import("com.microsoft", 1);
        g.Node("Identity", [formula(g, g.Input("x", Float16, 2, "seq", Width))], outputs: ["y"]);
        g.Output("y", Float16, 2, "seq", Width);
        return Inline(g.Build());
    }

    public static string Half(GraphBuilder g) => g.Scalar("half", Float16, 0.5);

    public static string One(GraphBuilder g, string x, string name = "one") => g.Op("Add", x, g.Scalar(name, Float16, 1));

    public static string Mul(GraphBuilder g, string x, string half, string curve) => g.Op("Mul", x, g.Op("Mul", half, curve));

    public static string Erf(GraphBuilder g, string x, string op) => g.Op("Erf", g.Op(op, x, g.Scalar("root", Float16, op == "Div" ? Math.Sqrt(2) : Math.Sqrt(0.5))));

    public static string Tanh(GraphBuilder g, string x, bool pow, double exponent = 3)
    {
        var cube = pow ? g.Op("Pow", x, g.Scalar("three", Float16, exponent)) : g.Op("Mul", x, g.Op("Mul", x, x));
        var inner = g.Op("Add", x, g.Op("Mul", g.Scalar("c", Float16, 0.044715), cube));
        return g.Op("Tanh", g.Op("Mul", g.Scalar("k", Float16, 0.79788456), inner));
    }

    /// <summary>As ONNX Runtime widens a float16 export for its CPU: in float32, with the constants as float16 stores them.</summary>
    public static string WideTanh(GraphBuilder g, string x)
    {
        string Rounded(string name, double value) => g.Scalar(name, Float, (double)(System.Half)value);
        var inner = g.Op("Add", x, g.Op("Mul", Rounded("c", 0.044715), g.Op("Pow", x, Rounded("three", 3))));
        return g.Op("Mul", x, g.Op("Mul", Rounded("half", 0.5), g.Op("Add", g.Op("Tanh", g.Op("Mul", Rounded("k", 0.79788456), inner)), Rounded("one", 1))));
    }

    private static string Between(GraphBuilder g, string x, Func<GraphBuilder, string, string> formula) => g.Cast(formula(g, g.Cast(x, Float)), Float16);

    private static string Gelu(string approximate) => $$"""
        in  x: float16[2,seq,8]
        y = com.flashrt::Gelu(x) {approximate={{approximate}}}
        out y: float16[2,seq,8]
        """;

    private static string GatedGolden(string activation) => $$"""
        in  gate: float16[2,seq,8]
        in  up: float16[2,seq,8]
        y = com.flashrt::GatedActivation(gate, up) {activation={{activation}}}
        out y: float16[2,seq,8]
        """;

    private static string MergedGolden(string activation) => $$"""
        in  x: float16[2,seq,8]
        y = com.flashrt::GatedActivation(x) {activation={{activation}}}
        out y: float16[2,seq,4]
        """;

    private static OnnxModel Gated(Func<GraphBuilder, string, string> activation, long opset = 20) =>
        Twofold((g, gate, up) => g.Op("Mul", activation(g, gate), up), opset);

    private static OnnxModel Twofold(Func<GraphBuilder, string, string, string> formula, long opset = 20)
    {
        var g = new GraphBuilder(opset).Import("com.microsoft", 1);
        var (gate, up) = (g.Input("gate", Float16, 2, "seq", Width), g.Input("up", Float16, 2, "seq", Width));
        g.Node("Identity", [formula(g, gate, up)], outputs: ["y"]);
        g.Output("y", Float16, 2, "seq", Width);
        return Inline(g.Build());
    }

    private static OnnxModel Merged(Func<GraphBuilder, IReadOnlyList<string>> halves, string activation)
    {
        var g = new GraphBuilder(20);
        g.Input("x", Float16, 2, "seq", Width);
        var parts = halves(g);
        var gate = activation == "silu" ? g.Op("Mul", parts[0], g.Op("Sigmoid", parts[0])) : g.Node("Gelu", [parts[0]], [("approximate", "tanh")])[0];
        g.Node("Identity", [g.Op("Mul", gate, parts[1])], outputs: ["y"]);
        g.Output("y", Float16, 2, "seq", Width / 2);
        return Inline(g.Build());
    }

    private static string Slice(GraphBuilder g, string name, long start, long end) =>
        g.Op("Slice", "x", g.Integers($"{name}_start", start), g.Integers($"{name}_end", end), g.Integers($"{name}_axis", 2));
}
