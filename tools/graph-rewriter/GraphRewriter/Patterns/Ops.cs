using FlashRt.GraphRewriter.Ir.Inference;

namespace FlashRt.GraphRewriter.Patterns;

/// <summary>The vocabulary of formulas; rules import it with <c>using static</c>.</summary>
public static class Ops
{
    /// <summary>A square root, also as a power.</summary>
    public static Pattern Sqrt(Pattern x) => new Op("Sqrt", [x]) | Pow(x, 0.5);

    /// <summary>One over x, as Reciprocal or as a quotient.</summary>
    public static Pattern Reciprocal(Pattern x) => new Op("Reciprocal", [x]) | 1 / x;

    /// <summary>x to the power of a constant.</summary>
    public static Pattern Pow(Pattern x, double exponent) => new Op("Pow", [x, new Number(exponent, Tolerance: 0)]);

    /// <summary>The square in its two spellings.</summary>
    public static Pattern Square(Pattern x) => Pow(x, 2) | x * x;

    /// <summary>The error function.</summary>
    public static Op Erf(Pattern x) => new("Erf", [x]);

    /// <summary>The hyperbolic tangent.</summary>
    public static Op Tanh(Pattern x) => new("Tanh", [x]);

    /// <summary>The logistic function.</summary>
    public static Op Sigmoid(Pattern x) => new("Sigmoid", [x]);

    /// <summary>x times its logistic function, spelled out, as ONNX's Swish or as com.microsoft's QuickGelu.</summary>
    public static Pattern Silu(Pattern x) => x * Sigmoid(x)
        | new Op("Swish", [x]).Where(n => n.Float("alpha", 1) == 1, "Swish with alpha 1")
        | new Op("QuickGelu", [x]).Where(n => n.Float("alpha", 1.702f) == 1, "QuickGelu with alpha 1");

    /// <summary>A negation.</summary>
    public static Op Neg(Pattern x) => new("Neg", [x]);

    /// <summary>A product of the factors in any order and grouping.</summary>
    public static Pattern ProductOf(params IReadOnlyList<Pattern> factors) => new Product(factors);

    /// <summary>The mean over the last axis, kept as an axis of one: axes as attribute or input, counted from either end.</summary>
    public static Op MeanLast(Pattern x) => new Op("ReduceMean", [x]) { MoreInputs = true }
        .Where(ReducesLast, "ReduceMean over the last axis only, with keepdims");

    /// <summary>x itself or x cast to a wider float type.</summary>
    public static Pattern Widened(Pattern x) => new Op("Cast", [x]) { MayStay = true, MayMiss = true }
        .Where(n => Bits(n.Outputs[0]) > Bits(n.Input(0)) && Bits(n.Input(0)) > 0, "a Cast to a wider float type") | x;

    /// <summary>x itself or x cast to a narrower float type.</summary>
    public static Pattern Narrowed(Pattern x) => new Op("Cast", [x]) { MayMiss = true }
        .Where(n => Bits(n.Outputs[0]) < Bits(n.Input(0)) && Bits(n.Outputs[0]) > 0, "a Cast to a narrower float type") | x;

    /// <summary>A node of com.flashrt, for rules that build on earlier ones.</summary>
    public static Op Fused(string op, params IReadOnlyList<Pattern> inputs) => new(op, inputs) { Domain = FusedSites.Domain };

    private static bool ReducesLast(Node node) => node.Int("keepdims", 1) != 0 && (node.Input(1) is not { } a || a.Integers is not null)
        && (node.Input(0)?.Shape is { } s
            ? Reduction.Axes(node, s.Rank) is [var axis] && axis == s.Rank - 1
            : Reduction.Axes(node, 0) is [-1]);

    private static int Bits(Value? value) => value is not null && value.Type.IsFloat() ? value.Type.Bits()!.Value : 0;
}
