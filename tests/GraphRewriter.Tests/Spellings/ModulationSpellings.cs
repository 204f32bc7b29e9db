using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;
using static FlashRt.GraphRewriter.Tests.Spellings.NormSpellings;

namespace FlashRt.GraphRewriter.Tests.Spellings;

/// <summary>Modulated norms and gated residuals, as diffusion transformers write them.</summary>
public static class ModulationSpellings
{
    public static IReadOnlyList<Spelling> All { get; } =
    [
        new("adaln, unsqueezed vectors (DiT)", () => Ada((g, n) => Modulated(g, n, Row(g, "scale"), Row(g, "shift"))), AdaGolden()),
        new("adaln, reshaped vectors", () => Ada((g, n) => Modulated(g, n, Row(g, "scale", "Reshape"), Row(g, "shift", "Reshape"))), AdaGolden()),
        new("adaln, one added before the axis", () => Ada((g, n) => g.Op("Add", g.Op("Mul", n,
            g.Op("Unsqueeze", g.Op("Add", Vector(g, "scale"), One(g)), g.Integers("axis", 1))), Row(g, "shift"))), AdaGolden()),
        new("adaln, factor and shift first", () => Ada((g, n) => g.Op("Add", Row(g, "shift"), g.Op("Mul", g.Op("Add", One(g), Row(g, "scale")), n))), AdaGolden("shift", "scale")),
        new("adaln, norm plus its scaled self", () => Ada((g, n) => g.Op("Add", g.Op("Add", n, g.Op("Mul", n, Row(g, "scale"))), Row(g, "shift"))), AdaGolden()),
        new("adaln, [batch, 1, channels]", () => Ada((g, n) => Modulated(g, n, g.Input("scale", Float, 2, 1, Width), g.Input("shift", Float, 2, 1, Width))), """
            in  x: float32[2,seq,8]
            in  scale: float32[2,1,8]
            in  shift: float32[2,1,8]
            y = com.flashrt::AdaLayerNorm(x, scale, shift) {epsilon=0.000001}
            out y: float32[2,seq,8]
            """),
        new("adaln, one vector for all", () => Ada((g, n) => Modulated(g, n, g.Input("scale", Float, Width), g.Input("shift", Float, Width))), """
            in  x: float32[2,seq,8]
            in  scale: float32[8]
            in  shift: float32[8]
            y = com.flashrt::AdaLayerNorm(x, scale, shift) {epsilon=0.000001}
            out y: float32[2,seq,8]
            """),
        new("adaln, in float32 between casts", Wide, AdaGolden().Replace("float32", "float16")),
        new("gated residual", () => Gated((g, x, r) => g.Op("Add", r, g.Op("Mul", Row(g, "gate"), x))), """
            in  residual: float32[2,seq,8]
            in  x: float32[2,seq,8]
            in  gate: float32[2,8]
            y = com.flashrt::ResidualAdd(residual, x, gate)
            out y: float32[2,seq,8]
            """),
        new("layer scale", () => Gated((g, x, r) => g.Op("Add", g.Op("Mul", x, g.Initializer("gamma", Float, [Width], Ramp(Width))), r)), """
            in  residual: float32[2,seq,8]
            in  x: float32[2,seq,8]
            y = com.flashrt::ResidualAdd(residual, x, gamma)
            out y: float32[2,seq,8]
            """),
        new("half of a branch", () => Gated((g, x, r) => g.Op("Add", r, g.Op("Mul", x, g.Scalar("half", Float, 0.5)))), """
            in  residual: float32[2,seq,8]
            in  x: float32[2,seq,8]
            y = com.flashrt::ResidualAdd(residual, x, 0.5)
            out y: float32[2,seq,8]
            """),
        new("step of a sampler, computed", () => Gated((g, x, r) => g.Op("Add", r, g.Op("Mul", g.Input("dt", Float), x))), """
            in  residual: float32[2,seq,8]
            in  x: float32[2,seq,8]
            in  dt: float32[]
            y = com.flashrt::ResidualAdd(residual, x, dt)
            out y: float32[2,seq,8]
            """),
        new("step of a sampler backwards, in one type", () => Gated((g, x, r) => g.Op("Sub", r, g.Op("Mul", x, g.Scalar("dt", Float, 0.25)))), """
            in  residual: float32[2,seq,8]
            in  x: float32[2,seq,8]
            y = com.flashrt::ResidualAdd(residual, x, -0.25)
            out y: float32[2,seq,8]
            """),
        new("adaln, norm with parameters", () => Gated((g, x, r) => Modulated(g, Norm(g, g.Op("Add", x, r), affine: true), Row(g, "scale"), Row(g, "shift"))), """
            in  residual: float32[2,seq,8]
            in  x: float32[2,seq,8]
            in  scale: float32[2,8]
            in  shift: float32[2,8]
            add_0, y = com.flashrt::GatedAddAdaLayerNorm(x, residual, _, scale, shift, w) {epsilon=0.000001}
            out y: float32[2,seq,8]
            """),
        new("step of a sampler in float32", () => Euler("Add", 0.25), EulerGolden("0.25")),
        new("step of a sampler backwards", () => Euler("Sub", 0.25), EulerGolden("-0.25")),
        new("gated residual and modulated norm", () => Gated((g, x, r) =>
        {
            var sum = g.Node("Add", [r, g.Op("Mul", Row(g, "gate"), x)], outputs: ["sum"])[0];
            g.Output(sum, Float, 2, "seq", Width);
            return Modulated(g, Norm(g, sum), Row(g, "scale"), Row(g, "shift"));
        }), """
            in  residual: float32[2,seq,8]
            in  x: float32[2,seq,8]
            in  gate: float32[2,8]
            in  scale: float32[2,8]
            in  shift: float32[2,8]
            sum, y = com.flashrt::GatedAddAdaLayerNorm(residual, x, gate, scale, shift) {epsilon=0.000001}
            out sum: float32[2,seq,8]
            out y: float32[2,seq,8]
            """),
        new("adaln, scale alone", () => Ada((g, n) => g.Op("Mul", n, g.Op("Add", Row(g, "scale"), One(g)))), """
            in  x: float32[2,seq,8]
            in  scale: float32[2,8]
            y = com.flashrt::AdaLayerNorm(x, scale) {epsilon=0.000001}
            out y: float32[2,seq,8]
            """),
        new("layer scale and norm", () => Gated((g, x, r) =>
        {
            var sum = g.Node("Add", [r, g.Op("Mul", x, g.Initializer("gamma", Float, [Width], Ramp(Width)))], outputs: ["sum"])[0];
            g.Output(sum, Float, 2, "seq", Width);
            return Norm(g, sum, affine: true);
        }), """
            in  residual: float32[2,seq,8]
            in  x: float32[2,seq,8]
            sum, y = com.flashrt::AddLayerNorm(residual, x, w, _, _, gamma) {epsilon=0.000001}
            out sum: float32[2,seq,8]
            out y: float32[2,seq,8]
            """),
        new("residual without a gate and modulated norm (PixArt)", () => Gated((g, x, r) => Modulated(g, Norm(g, g.Op("Add", r, x)), Row(g, "scale"), Row(g, "shift"))), """
            in  residual: float32[2,seq,8]
            in  x: float32[2,seq,8]
            in  scale: float32[2,8]
            in  shift: float32[2,8]
            add_0, y = com.flashrt::GatedAddAdaLayerNorm(residual, x, _, scale, shift) {epsilon=0.000001}
            out y: float32[2,seq,8]
            """),
        new("rms norm with a weight, scaled (Lumina)", () => Gated((g, x, r) => g.Op("Mul", RmsNorm(g, x), g.Op("Add", Row(g, "scale"), One(g)))), """
            in  residual: float32[2,seq,8]
            in  x: float32[2,seq,8]
            in  scale: float32[2,8]
            y = com.flashrt::AdaRmsNorm(x, _, w, scale) {epsilon=0.000001}
            out y: float32[2,seq,8]
            """),
        new("gated residual and scaled rms norm", () => Gated((g, x, r) =>
            Modulated(g, RmsNorm(g, g.Op("Add", r, g.Op("Mul", x, Row(g, "gate")))), Row(g, "scale"), Row(g, "shift"))), """
            in  residual: float32[2,seq,8]
            in  x: float32[2,seq,8]
            in  gate: float32[2,8]
            in  scale: float32[2,8]
            in  shift: float32[2,8]
            add_0, y = com.flashrt::GatedAddAdaRmsNorm(residual, x, gate, _, w, scale, shift) {epsilon=0.000001}
            out y: float32[2,seq,8]
            """),
        new("modulated rms norm (Pi0.5)", () => Style(gated: false), """
            in  x: float16[2,seq,8]
            in  style: float16[2,24]
            y = com.flashrt::AdaRmsNorm(x, unsqueeze_0) {epsilon=0.000001}
            out y: float16[2,seq,8]
            """.Replace("y = ", "unsqueeze_0 = Unsqueeze(style, 1)\ny = ")),
    ];

    /// <summary>A norm without parameters of [2, seq, 8], and what <paramref name="finish"/> makes of it.</summary>
    public static OnnxModel Ada(Func<GraphBuilder, string, string> finish)
    {
        var g = new GraphBuilder(20);
        g.Node("Identity", [finish(g, Norm(g, g.Input("x", Float, 2, "seq", Width)))], outputs: ["y"]);
        g.Output("y", Float, 2, "seq", Width);
        return Inline(g.Build());
    }

    /// <summary>A residual stream and a branch of one shape.</summary>
    public static OnnxModel Gated(Func<GraphBuilder, string, string, string> formula)
    {
        var g = new GraphBuilder(23);
        var residual = g.Input("residual", Float, 2, "seq", Width);
        g.Node("Identity", [formula(g, g.Input("x", Float, 2, "seq", Width), residual)], outputs: ["y"]);
        g.Output("y", Float, 2, "seq", Width);
        return Inline(g.Build());
    }

    public static string Norm(GraphBuilder g, string x, bool affine = false) => g.Node("LayerNormalization",
        [x, g.Initializer("w", Float, [Width], affine ? Ramp(Width) : Ramp(Width, 1, 0))], [("axis", -1), ("epsilon", 1e-6f)])[0];

    public static string RmsNorm(GraphBuilder g, string x) => g.Node("RMSNormalization",
        [x, g.Initializer("w", Float, [Width], Ramp(Width))], [("epsilon", 1e-6f)])[0];

    public static string Modulated(GraphBuilder g, string n, string scale, string shift) => g.Op("Add", g.Op("Mul", n, g.Op("Add", scale, One(g))), shift);

    /// <summary>A vector for each batch, as [batch, 1, channels].</summary>
    public static string Row(GraphBuilder g, string name, string op = "Unsqueeze") =>
        g.Op(op, Vector(g, name), op == "Unsqueeze" ? g.Integers($"{name}_axis", 1) : g.Integers($"{name}_shape", 2, 1, Width));

    public static string One(GraphBuilder g) => g.Scalar("one", Float, 1);

    private static string Vector(GraphBuilder g, string name) => g.Input(name, Float, 2, Width);

    private static OnnxModel Wide()
    {
        var g = new GraphBuilder(20);
        var wide = g.Cast(g.Input("x", Float16, 2, "seq", Width), Float);
        string Cond(string name) => g.Op("Unsqueeze", g.Cast(g.Input(name, Float16, 2, Width), Float), g.Integers($"{name}_axis", 1));
        g.Node("Cast", [Modulated(g, Norm(g, wide), Cond("scale"), Cond("shift"))], [("to", (long)Float16)], ["y"]);
        g.Output("y", Float16, 2, "seq", Width);
        return g.Build();
    }

    /// <summary>x / rms(x) · (1 + scale) + shift with the thirds of a style, in float32, as Pi0.5 writes it.</summary>
    public static OnnxModel Style(bool gated, int scaleIs = 0)
    {
        var g = new GraphBuilder(20);
        var x = g.Input("x", Float16, 2, "seq", Width);
        var wide = g.Cast(x, Float);
        var root = g.Op("Sqrt", g.Op("Add", g.Op("ReduceMean", g.Op("Mul", wide, wide), g.Integers("axes", -1)), g.Scalar("eps", Float, 1e-6)));
        var normal = g.Op("Mul", wide, g.Op("Reciprocal", root));
        var thirds = g.Node("Split", [g.Op("Unsqueeze", g.Input("style", Float16, 2, 3 * Width), g.Integers("axis", 1))], [("axis", -1), ("num_outputs", 3)], ["a", "b", "c"]);
        var modulated = Modulated(g, normal, g.Cast(thirds[scaleIs], Float), g.Cast(thirds[1 - scaleIs], Float));
        g.Node("Cast", [modulated], [("to", (long)Float16)], ["y"]);
        g.Output("y", Float16, 2, "seq", Width);
        if (gated) g.Output("c", Float16, 2, 1, Width);
        return g.Build();
    }

    private static OnnxModel Euler(string op, double dt)
    {
        var g = new GraphBuilder(20);
        var x = g.Input("x", Float, 2, "seq", Width);
        g.Node(op, [x, g.Op("Mul", g.Cast(g.Input("v", Float16, 2, "seq", Width), Float), g.Scalar("dt", Float, dt))], outputs: ["y"]);
        g.Output("y", Float, 2, "seq", Width);
        return g.Build();
    }

    private static string EulerGolden(string dt) => $$"""
        in  x: float32[2,seq,8]
        in  v: float16[2,seq,8]
        y = com.flashrt::EulerStep(x, v) {dt={{dt}}}
        out y: float32[2,seq,8]
        """;

    private static string AdaGolden(string first = "scale", string second = "shift") => $$"""
        in  x: float32[2,seq,8]
        in  {{first}}: float32[2,8]
        in  {{second}}: float32[2,8]
        y = com.flashrt::AdaLayerNorm(x, scale, shift) {epsilon=0.000001}
        out y: float32[2,seq,8]
        """;
}
