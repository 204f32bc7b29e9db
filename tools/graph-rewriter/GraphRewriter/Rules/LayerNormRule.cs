using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;
using static FlashRt.GraphRewriter.Patterns.Ops;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// <c>d = x − mean(x);  d / sqrt(mean(d²) + ε) · γ + β  →  LayerNorm(x, γ, β, epsilon: ε)</c>, and ONNX's LayerNormalization.
/// A constant γ of ones and β of zeros are left out: PyTorch's norm without affine parameters exports them.
/// </summary>
public sealed class LayerNormRule : IRule
{
    private static readonly Var X = new("x"), Gamma = new("gamma"), Beta = new("beta"), Eps = Norms.Epsilon;

    private static readonly Pattern Centred = Widened(X) - MeanLast(Widened(X));

    private static readonly Pattern Variance = MeanLast(Square(Widened(Centred))).Core() + Eps;

    private static readonly Pattern Normal = Centred / Sqrt(Variance) | Centred * (Reciprocal(Sqrt(Variance)) | Pow(Variance, -0.5));

    private static readonly Pattern Single = Norms.LastAxisOp("LayerNormalization", Widened(X), Widened(Gamma), new Optional(Widened(Beta)));

    /// <inheritdoc/>
    public string Name => "LayerNorm";

    /// <inheritdoc/>
    public Pattern Source { get; } = Narrowed(Single)
        | Narrowed(Narrowed(Normal) * Widened(Gamma) + Widened(Beta))
        | Narrowed(Narrowed(Normal) * Widened(Gamma))
        | Narrowed(Normal);

    /// <inheritdoc/>
    public string? Reject(Match match) => Norms.TypeProblem(match.Root, match[X])
        ?? Norms.WeightProblem(match.Find(Gamma), match[X], "gamma")
        ?? Norms.WeightProblem(match.Find(Beta), match[X], "beta");

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder)
    {
        var x = match[X];
        var gamma = Parameter(match.Find(Gamma), neutral: 1, x, builder);
        var beta = Parameter(match.Find(Beta), neutral: 0, x, builder);
        return new Fusion("LayerNorm", beta is not null ? [x, gamma, beta] : gamma is not null ? [x, gamma] : [x], [match.Root])
        {
            Attributes = [("epsilon", match.Find(Eps)?.Scalar ?? match.Node(Norms.OpName)!.Float("epsilon", 1e-5f))],
        };
    }

    private static Value? Parameter(Value? value, double neutral, Value x, FusionBuilder builder) =>
        value is null || value.Constant?.IsAll(neutral) == true ? null : Norms.Weight(value, x, builder);
}
