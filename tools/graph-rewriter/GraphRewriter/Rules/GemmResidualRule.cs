using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// <c>activation(x · W + b) + c  →  Gemm(x, W, b, c, activation)</c> for a residual c of the product's shape. It comes after the norms of
/// sums, which add the residual at no cost of their own.
/// </summary>
public sealed class GemmResidualRule : IRule
{
    private static readonly Var C = new Var("c").Where(v => v.Shape is not { Rank: < 2 }, "rows");

    /// <inheritdoc/>
    public string Name => "GemmResidual";

    /// <inheritdoc/>
    public Pattern Source { get; } = Products.Activated.As(new Var("branch")) + C;

    /// <inheritdoc/>
    public string? Reject(Match match)
    {
        if (Products.TypeProblem(match, match[C]) is { } problem) return problem;
        var branch = match.Find(new Var("branch"))!;
        return branch.Shape?.SameAs(match[C].Shape) == true ? null
            : $"the addends '{branch.Name}' and '{match[C].Name}' are not provably of one shape ({branch.Shape} and {match[C].Shape})";
    }

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder) => Products.Fuse(match, match.Find(Products.Bias), match[C]);
}
