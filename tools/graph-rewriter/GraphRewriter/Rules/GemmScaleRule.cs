using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;

namespace FlashRt.GraphRewriter.Rules;

/// <summary><c>c · (x · W)  →  Gemm(x, W, alpha: c)</c> for a constant c, or a quotient by one: the scale of logits.</summary>
public sealed class GemmScaleRule : IRule
{
    private static readonly Var Factor = new Var("factor").Where(IsFactor, "a constant number");
    private static readonly Var Divisor = new Var("divisor").Where(IsFactor, "a constant number");

    /// <inheritdoc/>
    public string Name => "GemmScale";

    /// <inheritdoc/>
    public Pattern Source { get; } = Products.Stock * Factor | Products.Stock / Divisor;

    /// <inheritdoc/>
    public string? Reject(Match match) => Products.TypeProblem(match);

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder)
    {
        var fusion = Products.Fuse(match, null, null);
        var factor = match.Find(Factor)?.Scalar ?? 1 / match[Divisor].Scalar!.Value;
        var alpha = factor * match.Node(Products.Node)!.Float("alpha", 1);
        return fusion with { Attributes = [.. fusion.Attributes.Where(a => a.Name != "alpha"), ("alpha", alpha)] };
    }

    private static bool IsFactor(Value v) => v.Scalar is { } number && double.IsFinite(number) && number != 0 && v.Shape is { Rank: < 2 };
}
