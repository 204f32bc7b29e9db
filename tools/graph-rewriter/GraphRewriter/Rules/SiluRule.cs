using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;
using static FlashRt.GraphRewriter.Patterns.Ops;

namespace FlashRt.GraphRewriter.Rules;

/// <summary><c>x · sigmoid(x)  →  Silu(x)</c>, spelled out, as ONNX's Swish or as com.microsoft's QuickGelu with alpha 1; between casts too.</summary>
public sealed class SiluRule : IRule
{
    private static readonly Var X = new("x");

    /// <inheritdoc/>
    public string Name => "Silu";

    /// <inheritdoc/>
    public Pattern Source { get; } = Narrowed(Silu(Widened(X)));

    /// <inheritdoc/>
    public string? Reject(Match match) => Norms.TypeProblem(match.Root, match[X]);

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder) => new("Silu", [match[X]], [match.Root]);
}
