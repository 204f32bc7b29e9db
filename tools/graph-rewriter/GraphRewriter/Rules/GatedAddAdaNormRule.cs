using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;
using static FlashRt.GraphRewriter.Patterns.Ops;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// <c>s = residual + x · gate;  y = AdaLayerNorm(s)  →  (s, y) = GatedAddAdaLayerNorm(residual, x, gate)</c>, likewise AdaRmsNorm, with or
/// without the gate: the seam between the two halves of a DiT block. The sum stays available to whoever else reads it.
/// </summary>
public sealed class GatedAddAdaNormRule : IRule
{
    private static readonly Var Residual = new("residual"), X = new("x"), Gate = RowOperand.Vector("gate"), Sum = new("sum");

    private readonly string norm;

    // The norm's inputs after x, as the catalog orders them: they follow the gate in the fused op in the same order.
    private readonly Var[] others;

    private GatedAddAdaNormRule(string norm, params Var[] others)
    {
        (this.norm, this.others) = (norm, others);
        var sum = (Fused("ResidualAdd", Residual, X, Gate) | Residual + X).As(Sum);
        Source = Fused(norm, [sum, .. others.Select(o => new Optional(o))]).Called(norm);
    }

    /// <summary>The rule for AdaLayerNorm.</summary>
    public static GatedAddAdaNormRule Layer { get; } = new("AdaLayerNorm", new Var("scale"), new Var("shift"), new Var("gamma"), new Var("beta"));

    /// <summary>The rule for AdaRmsNorm.</summary>
    public static GatedAddAdaNormRule Rms { get; } = new("AdaRmsNorm", new Var("style"), new Var("weight"), new Var("scale"), new Var("shift"));

    /// <inheritdoc/>
    public string Name => $"GatedAdd{norm}";

    /// <inheritdoc/>
    public Pattern Source { get; }

    /// <inheritdoc/>
    public string? Reject(Match match) => match[X].Shape?.SameAs(match[Residual].Shape) == true ? null
        : $"the addends '{match[Residual].Name}' and '{match[X].Name}' are not provably of one shape ({match[Residual].Shape} and {match[X].Shape})";

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder)
    {
        Value?[] inputs = [match[Residual], match[X], match.Find(Gate), .. others.Select(match.Find)];
        return new Fusion(Name, inputs[..(Array.FindLastIndex(inputs, i => i is not null) + 1)], [match[Sum], match.Root])
        {
            Attributes = [("epsilon", match.Node(norm)!.Float("epsilon", 0))],
        };
    }
}
