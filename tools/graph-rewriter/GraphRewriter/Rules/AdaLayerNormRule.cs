using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;
using static FlashRt.GraphRewriter.Patterns.Ops;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// <c>LayerNorm(x) · (1 + scale) + shift  →  AdaLayerNorm(x, scale, shift)</c> with a scale and, where there is one, a shift for all rows or
/// for each batch (DiT and its relatives), also where all of it happens in float32 between casts. A norm with parameters keeps them.
/// </summary>
public sealed class AdaLayerNormRule : IRule
{
    private static readonly Var X = new("x"), Shift = new("shift"), Normal = new("normal"), Gamma = new("gamma"), Beta = new("beta");

    private static readonly Var Scale = new Var("scale").Where(v => v.Constant is null, "a computed scale");

    private static readonly Op Norm = Fused("LayerNorm", Widened(X), new Optional(Gamma), new Optional(Beta)).Called("norm");

    /// <inheritdoc/>
    public string Name => "AdaLayerNorm";

    /// <inheritdoc/>
    public Pattern Source { get; } = Narrowed(Norm * RowOperand.OnePlus(Scale) + RowOperand.Spread(Shift))
        | Narrowed(Norm.As(Normal) + Normal * RowOperand.Spread(Scale) + RowOperand.Spread(Shift))
        | Narrowed(Norm.As(Normal) + (Normal * RowOperand.Spread(Scale) + RowOperand.Spread(Shift)))
        | Narrowed(Norm * RowOperand.OnePlus(Scale));

    /// <inheritdoc/>
    public string? Reject(Match match) => Norms.TypeProblem(match.Root, match[X])
        ?? RowOperand.Problem(match, Scale, match[X])
        ?? (match.Find(Shift) is null ? null : RowOperand.Problem(match, Shift, match[X]))
        ?? Norms.WeightProblem(match.Find(Gamma), match[X], "gamma")
        ?? Norms.WeightProblem(match.Find(Beta), match[X], "beta");

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder)
    {
        Value? Weight(Var v) => match.Find(v) is { } weight ? Norms.Weight(weight, match[X], builder) : null;
        Value?[] inputs = [match[X], match[Scale], match.Find(Shift), Weight(Gamma), Weight(Beta)];
        return new Fusion("AdaLayerNorm", inputs[..(Array.FindLastIndex(inputs, i => i is not null) + 1)], [match.Root])
        {
            Attributes = [("epsilon", match.Node("norm")!.Float("epsilon", 0))],
        };
    }
}
