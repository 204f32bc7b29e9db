using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;
using static FlashRt.GraphRewriter.Patterns.Ops;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// <c>RmsNorm(x) · (1 + scale) + shift  →  AdaRmsNorm(x, scale, shift)</c>, with or without weight and shift. Where scale and shift are the
/// first thirds of one style tensor (the action expert of Pi0.5), the op reads that tensor. The gate, its last third, keeps its shape and
/// its Split, since the op would spread it over all rows.
/// </summary>
public sealed class AdaRmsNormRule : IRule
{
    private static readonly Var X = new("x"), Weight = new("weight"), Style = new("style");

    private static readonly Var Scale = new Var("scale").Where(v => v.Constant is null, "a computed scale"), Shift = new("shift");

    private static readonly Op Norm = Fused("RmsNorm", Widened(X), new Optional(Weight)).Called("norm");

    /// <inheritdoc/>
    public string Name => "AdaRmsNorm";

    /// <inheritdoc/>
    public Pattern Source { get; } = Narrowed(Norm * RowOperand.OnePlus(Scale) + RowOperand.Spread(Shift)) | Narrowed(Norm * RowOperand.OnePlus(Scale));

    /// <inheritdoc/>
    public string? Reject(Match match) => Norms.TypeProblem(match.Root, match[X])
        ?? RowOperand.Problem(match, Scale, match[X])
        ?? (match.Find(Shift) is null ? null : RowOperand.Problem(match, Shift, match[X]))
        ?? Norms.WeightProblem(match.Find(Weight), match[X], "weight");

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder)
    {
        var weight = match.Find(Weight) is { } w ? Norms.Weight(w, match[X], builder) : null;
        Value?[] inputs = StyleOf(match) is { } style ? [match[X], style, weight] : [match[X], null, weight, match[Scale], match.Find(Shift)];
        return new Fusion("AdaRmsNorm", inputs[..(Array.FindLastIndex(inputs, i => i is not null) + 1)], [match.Root])
        {
            Attributes = [("epsilon", match.Node("norm")!.Float("epsilon", 0))],
        };
    }

    private static Value? StyleOf(Match match)
    {
        if (match.Find(Shift) is not { } shift) return null;
        var style = Third(match[Scale], 0);
        return style is not null && style == Third(shift, 1) ? style : null;
    }

    private static Value? Third(Value part, int index) => Matcher.Match(Parts.Of(Style, index, 3), part).FirstOrDefault()?[Style];
}
