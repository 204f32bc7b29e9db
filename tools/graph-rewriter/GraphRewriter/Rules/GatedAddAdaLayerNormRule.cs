using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;
using static FlashRt.GraphRewriter.Patterns.Ops;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// <c>s = residual + x · gate;  y = AdaLayerNorm(s)  →  (s, y) = GatedAddAdaLayerNorm(residual, x, gate)</c>: the seam between the two
/// halves of a DiT block. The sum stays available to whoever else reads it.
/// </summary>
public sealed class GatedAddAdaLayerNormRule : IRule
{
    private static readonly Var Residual = new("residual"), X = new("x"), Gate = new("gate"), Sum = new("sum");
    private static readonly Var Scale = new("scale"), Shift = new("shift");

    /// <inheritdoc/>
    public string Name => "GatedAddAdaLayerNorm";

    /// <inheritdoc/>
    public Pattern Source { get; } = Fused("AdaLayerNorm", Fused("ResidualAdd", Residual, X, Gate).As(Sum), Scale, Shift).Called("norm");

    /// <inheritdoc/>
    public string? Reject(Match match) => null;

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder) =>
        new("GatedAddAdaLayerNorm", [match[Residual], match[X], match[Gate], match[Scale], match[Shift]], [match[Sum], match.Root])
        {
            Attributes = [("epsilon", match.Node("norm")!.Float("epsilon", 0))],
        };
}
