using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;
using static FlashRt.GraphRewriter.Patterns.Ops;

namespace FlashRt.GraphRewriter.Rules;

/// <summary><c>activation(x · W + b)  →  Gemm(x, W, b, activation)</c> for GELU, SiLU and ReLU, with or without the bias.</summary>
public sealed class GemmActivationRule : IRule
{
    private static readonly Var Bias = Products.Bias;

    /// <inheritdoc/>
    public string Name => "GemmActivation";

    /// <inheritdoc/>
    public Pattern Source { get; } = Activation("Gelu") | Activation("Silu") | Activation("Relu")
        | new Op("Relu", [Products.Linear]) { Domain = "" };

    /// <inheritdoc/>
    public string? Reject(Match match) => Products.TypeProblem(match, match.Find(Bias))
        ?? (match.Find(Bias) is { } bias ? Products.BiasProblem(match, bias) : null);

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder) => Products.Fuse(match, match.Find(Bias), null, NameOf(match.Root.Producer!));

    private static Pattern Activation(string op) => Fused(op, Products.Linear) | Fused(op, Products.Stock, Bias);

    private static string NameOf(Node activation) => activation.OpType switch
    {
        "Gelu" => Activations.OfGelu(activation),
        var other => other.ToLowerInvariant(),
    };
}
