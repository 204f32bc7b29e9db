using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;
using static FlashRt.GraphRewriter.Tests.Spellings.NormSpellings;

namespace FlashRt.GraphRewriter.Tests.Spellings;

/// <summary>Times embedded as sines and cosines, as diffusion and flow-matching models write them.</summary>
public static class TimestepSpellings
{
    /// <summary>Frequencies, half as many as the embedding has columns.</summary>
    public const int Pairs = 4;

    public static IReadOnlyList<Spelling> All { get; } =
    [
        new("timesteps, cosine first (DiT)", () => Embedded(["n"], (g, t) => Narrow(g, Cat(g, Cos(g, Angles(g, Column(g, t))), Sin(g))), Float16), Golden("[n]", "t", "float16, order=cos_sin", "float16[n,8]")),
        new("timesteps, sine first (diffusers)", () => Embedded(["n"], (g, t) => Cat(g, Sin(g, Angles(g, Column(g, t))), Cos(g))), Golden("[n]", "t", "float32", "float32[n,8]")),
        new("timesteps, frequencies first (Pi0)", () => Embedded([2], (g, t) => Cat(g, Sin(g, g.Op("Mul", Frequencies(g), Column(g, t))), Cos(g), axis: 1)), Golden("[2]", "t", "float32", "float32[2,8]")),
        new("timesteps, halves exchanged by Slices (flip_sin_to_cos)", () => Embedded(["n"], (g, t) => Exchanged(g, Cat(g, Sin(g, Angles(g, Column(g, t))), Cos(g)))), Golden("[n]", "t", "float32, order=cos_sin", "float32[n,8]")),
        new("timesteps, halves exchanged twice over", () => Embedded(["n"], (g, t) => Exchanged(g, Cat(g, Cos(g, Angles(g, Column(g, t))), Sin(g)))), Golden("[n]", "t", "float32", "float32[n,8]")),
        new("timesteps, scaled", () => Embedded(["n"], (g, t) => Cat(g, Sin(g, g.Op("Mul", g.Scalar("scale", Float, 1000), Angles(g, Column(g, t)))), Cos(g))), Golden("[n]", "t", "float32, scale=1000", "float32[n,8]")),
        new("timesteps, frequencies computed from constants", () => Embedded(["n"], (g, t) => Cat(g, Sin(g, g.Op("Mul", Column(g, t),
            g.Op("Exp", g.Op("Mul", g.Initializer("i", Float, [Pairs], 0, 1, 2, 3), g.Scalar("step", Float, -2.302585))))), Cos(g))), Golden("[n]", "t", "float32", "float32[n,8]").Replace("f.float32[4]", "exp_0")),
        new("timesteps in a column", () => Embedded(["n", 1], (g, t) => Cat(g, Sin(g, Angles(g, t)), Cos(g)), to: ["n", 8]), Golden("[n,1]", "t", "float32", "float32[n,8]")),
        new("timesteps of tokens, bfloat16", () => Embedded([2, 3, 1], (g, t) => Narrow(g, Cat(g, Sin(g, Angles(g, t)), Cos(g)), Bfloat16), Bfloat16, [2, 3, 8]), Golden("[2,3,1]", "t", "bfloat16", "bfloat16[2,3,8]")),
    ];

    /// <summary>A model of times t; <paramref name="finish"/> embeds them.</summary>
    public static OnnxModel Embedded(IReadOnlyList<object> from, Func<GraphBuilder, string, string> finish, DataType type = Float, IReadOnlyList<object>? to = null, DataType times = Float)
    {
        var g = new GraphBuilder(20);
        g.Node("Identity", [finish(g, g.Input("t", times, from))], outputs: ["y"]);
        g.Output("y", type, to ?? [from[0], 2 * Pairs]);
        return Inline(g.Build());
    }

    public static string Column(GraphBuilder g, string t) => g.Op("Unsqueeze", t, g.Integers("last", 1));

    public static string Frequencies(GraphBuilder g) => g.Initializer("f", Float, [1, Pairs], 1, 0.1, 0.01, 0.001);

    public static string Angles(GraphBuilder g, string column) => g.Op("Mul", column, Frequencies(g));

    /// <summary>The sine of the angles, or of those of the cosine before.</summary>
    public static string Sin(GraphBuilder g, string? angles = null) => Named(g, "Sin", angles);

    /// <summary>The cosine of the angles, or of those of the sine before.</summary>
    public static string Cos(GraphBuilder g, string? angles = null) => Named(g, "Cos", angles);

    public static string Cat(GraphBuilder g, string first, string second, long axis = -1) => g.Node("Concat", [first, second], [("axis", axis)])[0];

    private static string Named(GraphBuilder g, string op, string? angles) =>
        angles is null ? g.Op(op, "angles") : g.Op(op, g.Node("Identity", [angles], outputs: ["angles"])[0]);

    private static string Exchanged(GraphBuilder g, string x)
    {
        string Part(string name, long from, long to) => g.Op("Slice", x, g.Integers($"{name}.from", from), g.Integers($"{name}.to", to), g.Integers($"{name}.axis", -1));
        return Cat(g, Part("right", Pairs, long.MaxValue), Part("left", 0, Pairs));
    }

    private static string Narrow(GraphBuilder g, string x, DataType type = Float16) => g.Cast(x, type);

    private static string Golden(string from, string times, string attributes, string to) => $$"""
        in  t: float32{{from}}
        y = com.flashrt::TimestepEmbedding({{times}}, f.float32[4]) {output_dtype={{attributes}}}
        out y: {{to}}
        """;
}
