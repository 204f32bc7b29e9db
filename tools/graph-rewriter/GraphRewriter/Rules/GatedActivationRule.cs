using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;
using static FlashRt.GraphRewriter.Patterns.Ops;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// <c>act(gate) · up  →  GatedActivation(gate, up)</c> for GELU (GEGLU) and SiLU (SwiGLU); where gate and up are the two halves of one
/// tensor, the op reads that tensor and the split disappears.
/// </summary>
public sealed class GatedActivationRule : IRule
{
    private static readonly Var Gate = new("gate"), Merged = new("gate_up");

    private static readonly Var Up = new Var("up").Where(v => v.Constant is null, "a computed tensor");

    /// <inheritdoc/>
    public string Name => "GatedActivation";

    /// <inheritdoc/>
    public Pattern Source { get; } = Activation(Halves.First(Merged)) * Halves.Second(Merged) | Activation(Gate) * Up;

    /// <inheritdoc/>
    public string? Reject(Match match)
    {
        var x = match.Find(Merged) ?? match[Gate];
        if (Norms.TypeProblem(match.Root, x) is { } problem) return problem;
        if (match.Find(Up) is not { } up) return null;
        return x.Shape is not null && x.Shape.SameAs(up.Shape) ? null
            : $"gate '{x.Name}' and up '{up.Name}' are not provably of one shape ({x.Shape} and {up.Shape})";
    }

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder) =>
        new("GatedActivation", match.Find(Merged) is { } merged ? [merged] : [match[Gate], match[Up]], [match.Root])
        {
            Attributes = [("activation", match.Node("gelu") is { } gelu ? Activations.OfGelu(gelu) : "silu")],
        };

    private static Pattern Activation(Pattern x) => Fused("Gelu", x).Called("gelu") | Fused("Silu", x) | Silu(x);
}
