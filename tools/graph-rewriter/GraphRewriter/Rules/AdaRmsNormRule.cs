using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;
using static FlashRt.GraphRewriter.Patterns.Ops;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// <c>RmsNorm(x) · (1 + scale) + shift  →  AdaRmsNorm(x, style)</c> where scale, shift and a gate are the thirds of one style tensor
/// (the action expert of Pi0.5). The gate keeps its shape and its Split, since the op would spread it over all rows.
/// </summary>
public sealed class AdaRmsNormRule : IRule
{
    private static readonly Var X = new("x"), Weight = new("weight"), Style = new("style");
    private static readonly Var Scale = new("scale"), Shift = new("shift");

    /// <inheritdoc/>
    public string Name => "AdaRmsNorm";

    /// <inheritdoc/>
    public Pattern Source { get; } = Narrowed(Fused("RmsNorm", Widened(X), new Optional(Weight)).Called("norm") * RowOperand.OnePlus(Scale) + RowOperand.Spread(Shift));

    /// <inheritdoc/>
    public string? Reject(Match match)
    {
        var x = match[X];
        return Norms.TypeProblem(match.Root, x)
            ?? RowOperand.Problem(match, Scale, x)
            ?? RowOperand.Problem(match, Shift, x)
            ?? (StyleOf(match) is null ? $"'{match[Scale].Name}' and '{match[Shift].Name}' are not the first two thirds of one tensor" : null)
            ?? Norms.WeightProblem(match.Find(Weight), x, "weight");
    }

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder)
    {
        var weight = match.Find(Weight) is { } w ? Norms.Weight(w, match[X], builder) : null;
        return new Fusion("AdaRmsNorm", weight is null ? [match[X], StyleOf(match)] : [match[X], StyleOf(match), weight], [match.Root])
        {
            Attributes = [("epsilon", match.Node("norm")!.Float("epsilon", 0))],
        };
    }

    private static Value? StyleOf(Match match)
    {
        var style = Third(match[Scale], 0);
        return style is not null && style == Third(match[Shift], 1) ? style : null;
    }

    private static Value? Third(Value part, int index) => Matcher.Match(Parts.Of(Style, index, 3), part).FirstOrDefault()?[Style];
}
