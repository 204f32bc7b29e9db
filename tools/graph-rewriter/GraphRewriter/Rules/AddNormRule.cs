using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;
using static FlashRt.GraphRewriter.Patterns.Ops;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// <c>s = residual + x;  y = RmsNorm(s)  →  (s, y) = AddRmsNorm(residual, x)</c>, likewise LayerNorm; x may carry the bias of the
/// projection before it, or a gate (LayerScale). The sum stays available, so it does not matter who else reads it. Half precision sums are rounded where the
/// graph rounds them; only the bias is added before that rounding instead of with one of its own.
/// </summary>
public sealed class AddNormRule : IRule
{
    private static readonly Var Residual = new("residual"), X = new("x"), Sum = new("sum");
    private static readonly Var Weight = new("weight"), Beta = new("beta");

    private static readonly Var Bias = new Var("bias").Where(b => b.Shape?.Rank == 1, "a bias vector");

    private static readonly Var Gate = RowOperand.Vector("gate");

    private readonly string norm;

    private AddNormRule(string norm, int parameters)
    {
        this.norm = norm;
        var sum = (Residual + (X + Bias) | Residual + X | Fused("ResidualAdd", Residual, X, Gate)).As(Sum);
        Source = Fused(norm, [sum, .. new Pattern[] { new Optional(Weight), new Optional(Beta) }.Take(parameters)]).Called(norm);
    }

    /// <summary>The rule for RmsNorm.</summary>
    public static AddNormRule Rms { get; } = new("RmsNorm", 1);

    /// <summary>The rule for LayerNorm.</summary>
    public static AddNormRule Layer { get; } = new("LayerNorm", 2);

    /// <inheritdoc/>
    public string Name => $"Add{norm}";

    /// <inheritdoc/>
    public Pattern Source { get; }

    /// <inheritdoc/>
    public string? Reject(Match match)
    {
        var (residual, x, sum) = (match[Residual], match[X], match[Sum]);
        if (x.Shape?.SameAs(residual.Shape) != true)
            return $"the addends '{residual.Name}' and '{x.Name}' are not provably of one shape ({residual.Shape} and {x.Shape})";
        if (match.Find(Bias) is { } bias && sum.Shape?[-1].SameAs(bias.Shape![0]) != true)
            return $"the bias '{bias.Name}' is {bias.Shape}; the sum ends in {sum.Shape?[-1]}";
        return null;
    }

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder)
    {
        Value?[] inputs = [match[Residual], match[X], match.Find(Weight), .. norm == "LayerNorm" ? [match.Find(Beta)] : Array.Empty<Value?>(), match.Find(Bias), match.Find(Gate)];
        return new Fusion(Name, inputs[..(Array.FindLastIndex(inputs, i => i is not null) + 1)], [match[Sum], match.Root])
        {
            Attributes = [("epsilon", match.Node(norm)!.Float("epsilon", 0))],
        };
    }
}
