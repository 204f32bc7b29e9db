using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;
using static FlashRt.GraphRewriter.Patterns.Ops;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// <c>LayerNorm(x) · (1 + scale) + shift  →  AdaLayerNorm(x, scale, shift)</c> for a norm without parameters of its own, with a scale and,
/// where there is one, a shift for all rows or for each batch (DiT and its relatives), also where all of it happens in float32 between casts.
/// </summary>
public sealed class AdaLayerNormRule : IRule
{
    private static readonly Var X = new("x"), Scale = new("scale"), Shift = new("shift"), Normal = new("normal");

    private static readonly Op Norm = Fused("LayerNorm", Widened(X)).Called("norm");

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
        ?? (match.Find(Shift) is null ? null : RowOperand.Problem(match, Shift, match[X]));

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder) =>
        new("AdaLayerNorm", match.Find(Shift) is { } shift ? [match[X], match[Scale], shift] : [match[X], match[Scale]], [match.Root])
    {
        Attributes = [("epsilon", match.Node("norm")!.Float("epsilon", 0))],
    };
}
