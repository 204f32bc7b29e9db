using FlashRt.GraphRewriter.Patterns;
using static FlashRt.GraphRewriter.Patterns.Ops;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>The spellings of GELU, for the rules that see it alone and as the activation of a gate.</summary>
internal static class GeluFormula
{
    // A float32 constant, with the digits that authors leave out (1.41421); one of float16 is 5e-4 off.
    private const double Roundoff = 3e-6;

    private static readonly double[] Constants = [0.5, 1, 2, 3, 1.702, 0.044715, Math.Sqrt(2), Math.Sqrt(0.5), Math.Sqrt(2 / Math.PI)];

    /// <summary>The curves written out, by erf, tanh or the logistic function; erf and tanh mark the formula where it is one of its own.</summary>
    public static Pattern WrittenOut(Pattern x, bool core)
    {
        Op Curve(Op curve) => core ? curve.Core() : curve;
        var cube = ProductOf(0.044715, x, x, x) | ProductOf(0.044715, Pow(x, 3));
        var inner = ProductOf(Math.Sqrt(2 / Math.PI), x + cube)
            | ProductOf(Math.Sqrt(2 / Math.PI), x, 1 + (ProductOf(0.044715, x, x) | ProductOf(0.044715, Pow(x, 2))));
        return Times(x, Curve(Tanh(inner).Called("tanh")))
            | Times(x, Curve(Erf(x / Math.Sqrt(2) | x * Math.Sqrt(0.5)).Called("erf")))
            | x * Sigmoid(ProductOf(1.702, x)).Called("quick");
    }

    /// <summary>GELU as one operator.</summary>
    public static Pattern Single(Pattern x) =>
        new Op("QuickGelu", [x]).Where(n => n.Float("alpha", 1.702f) == 1.702f, "QuickGelu with alpha 1.702").Called("quick")
        | new Op("Gelu", [x]).Where(n => n.Text("approximate", "none") is "none" or "tanh", "Gelu with approximate none or tanh").Called("onnx")
        | new Op("FastGelu", [x]).Called("tanh");

    /// <summary>The attribute approximate of the op for what was matched; null where it is no GELU.</summary>
    public static string? Find(Match match) => match.Node("tanh") is not null ? "tanh" : match.Node("quick") is not null ? "quick"
        : match.Node("erf") is not null ? "none" : match.Node("onnx")?.Text("approximate", "none");

    /// <summary>Why the op, which has the numbers of the formula, does not compute the same; null where it does as far as the result shows.</summary>
    public static string? ConstantProblem(Match match)
    {
        if (match.Root.Type != DataType.Float || Find(match) is null) return null;
        foreach (var found in match.Nodes.SelectMany(n => n.Inputs).Select(i => i?.Scalar).OfType<double>())
        {
            var meant = Constants.MinBy(c => Math.Abs(c - found));
            if (Math.Abs(found - meant) is var off && off > Roundoff * meant && off < meant / 256)
                return FormattableString.Invariant($"it computes in float32 with the constant {found:0.########}, a narrower type's {meant:0.########}; the op would differ where float32 shows it");
        }
        return null;
    }

    private static Pattern Times(Pattern x, Pattern curve) => ProductOf(0.5, x, 1 + curve) | x * (0.5 + ProductOf(0.5, curve));
}
