using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;
using static FlashRt.GraphRewriter.Patterns.Ops;

namespace FlashRt.GraphRewriter.Rules;

/// <summary><c>Gelu(x + bias)  →  Gelu(x, bias)</c> for a bias along the last axis: the sum is then neither stored nor rounded.</summary>
public sealed class GeluBiasRule : IRule
{
    private static readonly Var X = new("x"), Bias = new("bias");

    /// <inheritdoc/>
    public string Name => "GeluBias";

    /// <inheritdoc/>
    public Pattern Source { get; } = Fused("Gelu", X + Bias.Where(b => b.Shape?.Rank == 1, "a bias vector")).Called("gelu");

    /// <inheritdoc/>
    public string? Reject(Match match)
    {
        var (x, bias) = (match[X], match[Bias]);
        return x.Shape is null || x.Shape.Rank < 2 ? $"the rank of '{x.Name}' is not known to be two or more"
            : !bias.Shape![0].SameAs(x.Shape[-1]) ? $"the bias '{bias.Name}' is {bias.Shape}; x ends in {x.Shape[-1]}"
            : null;
    }

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder) => new("Gelu", [match[X], match[Bias]], [match.Root])
    {
        Attributes = [("approximate", match.Node("gelu")!.Text("approximate", "none"))],
    };
}
