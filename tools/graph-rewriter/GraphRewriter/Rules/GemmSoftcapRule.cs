using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;
using static FlashRt.GraphRewriter.Patterns.Ops;

namespace FlashRt.GraphRewriter.Rules;

/// <summary><c>c · tanh((x · W + b) / c)  →  Gemm(x, W, b, softcap: c)</c>: the soft cap of final logits.</summary>
public sealed class GemmSoftcapRule : IRule
{
    private static readonly Var Cap = new Var("cap").Where(v => v.Scalar is > 0 and < 1e6, "a positive constant"), Inverse = new("inverse");

    /// <inheritdoc/>
    public string Name => "GemmSoftcap";

    /// <inheritdoc/>
    public Pattern Source { get; } = Tanh(Products.Linear / Cap) * Cap
        | Tanh(Products.Linear / Inverse) * Cap
        | Tanh(Products.Linear * Inverse.Where(v => v.Scalar is > 0, "a positive constant")).Called("times") * Cap;

    /// <inheritdoc/>
    public string? Reject(Match match)
    {
        var cap = match[Cap].Scalar!.Value;
        if (match.Find(Inverse) is { } inverse)
        {
            var inner = inverse.Scalar is { } value ? match.Node("times") is null ? value : 1 / value : double.NaN;
            if (!(Math.Abs(inner - cap) <= cap / 256)) return $"the logits are capped at {cap} but divided by {inner}";
        }
        return Products.TypeProblem(match, match.Find(Products.Bias));
    }

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder)
    {
        var fusion = Products.Fuse(match, match.Find(Products.Bias), null);
        return fusion with { Attributes = [.. fusion.Attributes, ("softcap", match[Cap].Scalar!.Value)] };
    }
}
