using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// <c>residual + x · gate  →  ResidualAdd(residual, x, gate)</c> for a gate that is one vector for all rows (LayerScale) or for each batch
/// (DiT). A sum of two products is left alone: that is a rotation or an interpolation.
/// </summary>
public sealed class GatedResidualRule : IRule
{
    private static readonly Var Residual = new Var("residual").Where(v => v.Constant is null && v.Producer is not { OpType: "Mul", Domain: "" }, "a tensor that is no product");

    private static readonly Var X = new Var("x").Where(v => v.Constant is null, "a computed tensor");

    private static readonly Var Gate = new Var("gate").Where(v => v.Shape is { Rank: > 0 } shape && shape[-1].Value != 1, "a vector");

    /// <inheritdoc/>
    public string Name => "GatedResidual";

    /// <inheritdoc/>
    public Pattern Source { get; } = Residual + X * RowOperand.Spread(Gate);

    /// <inheritdoc/>
    public string? Reject(Match match)
    {
        var (residual, x) = (match[Residual], match[X]);
        if (Norms.TypeProblem(match.Root, x) is { } problem) return problem;
        if (residual.Type != x.Type) return $"'{residual.Name}' is {residual.Type.Name()}; '{x.Name}' is {x.Type.Name()}";
        if (x.Shape?.SameAs(residual.Shape) != true)
            return $"the addends '{residual.Name}' and '{x.Name}' are not provably of one shape ({residual.Shape} and {x.Shape})";
        return RowOperand.Problem(match, Gate, x);
    }

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder) => new("ResidualAdd", [match[Residual], match[X], match[Gate]], [match.Root]);
}
