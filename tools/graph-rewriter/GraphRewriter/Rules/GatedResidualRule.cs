using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// <c>residual + x · gate  →  ResidualAdd(residual, x, gate)</c> for a gate that is one vector for all rows (LayerScale), one for each batch
/// (DiT), or one number (the step of a sampler, the half of a Conformer's feed-forward). A sum of two products is left alone: that is a
/// rotation or an interpolation. A difference with a constant number is the sum with its negative.
/// </summary>
public sealed class GatedResidualRule : IRule
{
    private static readonly Var Residual = new Var("residual").Where(v => v.Constant is null && v.Producer is not { OpType: "Mul", Domain: "" }, "a tensor that is no product");

    private static readonly Var X = new Var("x").Where(v => v.Constant is null && v.Type.IsFlashRtFloat() && v.Shape is not { Rank: 0 }, "a computed tensor");

    private static readonly Var Step = new Var("gate").Where(v => v.Scalar is { } number && double.IsFinite(number), "a constant number");

    private static readonly Var Backwards = new("backwards");

    private static readonly Var Gate = new Var("gate").Where(v => v.Shape is { } shape && (IsNumber(shape) || shape[-1].Value != 1), "a vector or a number");

    /// <inheritdoc/>
    public string Name => "GatedResidual";

    /// <inheritdoc/>
    public Pattern Source { get; } = Residual + X * RowOperand.Spread(Gate) | (Residual - X * Step).As(Backwards);

    /// <inheritdoc/>
    public string? Reject(Match match)
    {
        var (residual, x) = (match[Residual], match[X]);
        if (Norms.TypeProblem(match.Root, x) is { } problem) return problem;
        if (residual.Type != x.Type) return $"'{residual.Name}' is {residual.Type.Name()}; '{x.Name}' is {x.Type.Name()}";
        if (x.Shape?.SameAs(residual.Shape) != true)
            return $"the addends '{residual.Name}' and '{x.Name}' are not provably of one shape ({residual.Shape} and {x.Shape})";
        if (IsNumber(match[Gate].Shape!))
            return match[Gate].Type == x.Type ? null : $"the factor '{match[Gate].Name}' is {match[Gate].Type.Name()}; '{x.Name}' is {x.Type.Name()}";
        return RowOperand.Problem(match, Gate, x);
    }

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder)
    {
        var gate = match[Gate];
        if (match.Find(Backwards) is not null)
            gate = builder.Make($"{gate.Name}.negative", gate, ConstantTensor.From(gate.Type, [], [-gate.Scalar!.Value]));
        return new Fusion("ResidualAdd", [match[Residual], match[X], gate], [match.Root]);
    }

    private static bool IsNumber(Shape shape) => shape.All(d => d.Value == 1);
}
