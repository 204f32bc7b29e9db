using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;
using static FlashRt.GraphRewriter.Patterns.Ops;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// <c>s = residual + x · gate;  y = AdaRmsNorm(s, style)  →  (s, y) = GatedAddAdaRmsNorm(residual, x, gate, style)</c>. The sum stays
/// available to whoever else reads it.
/// </summary>
public sealed class GatedAddAdaRmsNormRule : IRule
{
    private static readonly Var Residual = new("residual"), X = new("x"), Gate = new("gate"), Sum = new("sum");
    private static readonly Var Style = new("style"), Weight = new("weight");

    /// <inheritdoc/>
    public string Name => "GatedAddAdaRmsNorm";

    /// <inheritdoc/>
    public Pattern Source { get; } = Fused("AdaRmsNorm", Fused("ResidualAdd", Residual, X, Gate).As(Sum), Style, new Optional(Weight)).Called("norm");

    /// <inheritdoc/>
    public string? Reject(Match match) => null;

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder)
    {
        Value?[] inputs = [match[Residual], match[X], match[Gate], match[Style], match.Find(Weight)];
        return new Fusion("GatedAddAdaRmsNorm", inputs[..(match.Find(Weight) is null ? 4 : 5)], [match[Sum], match.Root])
        {
            Attributes = [("epsilon", match.Node("norm")!.Float("epsilon", 0))],
        };
    }
}
