using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;
using static FlashRt.GraphRewriter.Patterns.Ops;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// <c>activation(x + bias)  →  Activation(x, bias)</c> for GELU, SiLU and ReLU and a bias along the last axis: the sum is then neither
/// stored nor rounded.
/// </summary>
public sealed class BiasActivationRule : IRule
{
    private static readonly Var X = new("x"), Bias = new("bias");

    private readonly string op;

    private BiasActivationRule(string op, Func<Pattern, Op> activation)
    {
        this.op = op;
        Source = activation(X + Bias.Where(b => b.Shape?.Rank == 1, "a bias vector")).Called(op);
    }

    /// <summary>The rule for Gelu of com.flashrt.</summary>
    public static BiasActivationRule Gelu { get; } = new("Gelu", sum => Fused("Gelu", sum));

    /// <summary>The rule for Silu of com.flashrt.</summary>
    public static BiasActivationRule Silu { get; } = new("Silu", sum => Fused("Silu", sum));

    /// <summary>The rule for ONNX's Relu, which stays where it has no bias.</summary>
    public static BiasActivationRule Relu { get; } = new("Relu", sum => new Op("Relu", [sum]) { Domain = "" });

    /// <inheritdoc/>
    public string Name => $"{op}Bias";

    /// <inheritdoc/>
    public Pattern Source { get; }

    /// <inheritdoc/>
    public string? Reject(Match match)
    {
        var (x, bias) = (match[X], match[Bias]);
        if (Norms.TypeProblem(match.Root, x) is { } problem) return problem;
        return x.Shape is null || x.Shape.Rank < 2 ? $"the rank of '{x.Name}' is not known to be two or more"
            : !bias.Shape![0].SameAs(x.Shape[-1]) ? $"the bias '{bias.Name}' is {bias.Shape}; x ends in {x.Shape[-1]}"
            : null;
    }

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder) => new(op, [match[X], match[Bias]], [match.Root])
    {
        Attributes = op == "Gelu" ? [("approximate", match.Node(op)!.Text("approximate", "none"))] : [],
    };
}
