using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;
using static FlashRt.GraphRewriter.Patterns.Ops;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// <c>½ x (1 + erf(x/√2))  →  Gelu(x)</c>, <c>½ x (1 + tanh(√(2/π) (x + 0.044715 x³)))  →  Gelu(x, approximate: tanh)</c> and
/// <c>x · sigmoid(1.702 x)  →  Gelu(x, approximate: quick)</c>, in any order and grouping of the factors, as ONNX's Gelu, and as
/// com.microsoft's Gelu, FastGelu and QuickGelu.
/// </summary>
public sealed class GeluRule : IRule
{
    private static readonly Var X = new("x");

    private static readonly Pattern OverRoot2 = X / Math.Sqrt(2) | X * Math.Sqrt(0.5);

    private static readonly Pattern Cube = ProductOf(0.044715, X, X, X) | ProductOf(0.044715, Pow(X, 3));

    private static readonly Pattern Inner = ProductOf(Math.Sqrt(2 / Math.PI), X + Cube)
        | ProductOf(Math.Sqrt(2 / Math.PI), X, 1 + (ProductOf(0.044715, X, X) | ProductOf(0.044715, Pow(X, 2))));

    private static readonly Pattern ByErf = Times(Erf(OverRoot2).Called("erf").Core());

    private static readonly Pattern ByTanh = Times(Tanh(Inner).Called("tanh").Core());

    private static readonly Pattern ByLogistic = X * Sigmoid(ProductOf(1.702, X)).Called("quick")
        | new Op("QuickGelu", [X]).Where(n => n.Float("alpha", 1.702f) == 1.702f, "QuickGelu with alpha 1.702").Called("quick");

    private static readonly Pattern Single = new Op("Gelu", [X]).Where(n => n.Text("approximate", "none") is "none" or "tanh", "Gelu with approximate none or tanh").Called("gelu")
        | new Op("FastGelu", [X]).Called("tanh");

    /// <inheritdoc/>
    public string Name => "Gelu";

    /// <inheritdoc/>
    public Pattern Source { get; } = ByTanh | ByErf | ByLogistic | Single;

    /// <inheritdoc/>
    public string? Reject(Match match) => Norms.TypeProblem(match.Root, match[X]);

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder) => new("Gelu", [match[X]], [match.Root])
    {
        Attributes = [("approximate", match.Node("tanh") is not null ? "tanh" : match.Node("quick") is not null ? "quick"
            : match.Node("gelu")?.Text("approximate", "none") ?? "none")],
    };

    private static Pattern Times(Pattern curve) => ProductOf(0.5, X, 1 + curve) | X * (0.5 + ProductOf(0.5, curve));
}
