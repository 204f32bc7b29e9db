using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;
using static FlashRt.GraphRewriter.Patterns.Ops;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// <c>½ x (1 + erf(x/√2))  →  Gelu(x)</c>, <c>½ x (1 + tanh(√(2/π) (x + 0.044715 x³)))  →  Gelu(x, approximate: tanh)</c> and
/// <c>x · sigmoid(1.702 x)  →  Gelu(x, approximate: quick)</c>, in any order and grouping of the factors, as ONNX's Gelu, and as
/// com.microsoft's Gelu, FastGelu and QuickGelu.
/// <para>
/// A formula between casts from and to a narrow type is the op in that type, which computes in float32 and rounds once too. One whose
/// result is float32 must have its constants in float32: ONNX Runtime widens float16 exports for its CPU with the constants they had.
/// </para>
/// </summary>
public sealed class GeluRule : IRule
{
    private static readonly Var X = new("x");

    /// <inheritdoc/>
    public string Name => "Gelu";

    /// <inheritdoc/>
    public Pattern Source { get; } = Narrowed(GeluFormula.WrittenOut(Widened(X), core: true) | GeluFormula.Single(Widened(X)));

    /// <inheritdoc/>
    public string? Reject(Match match) => Norms.TypeProblem(match.Root, match[X]) ?? GeluFormula.ConstantProblem(match);

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder) => new("Gelu", [match[X]], [match.Root])
    {
        Attributes = [("approximate", GeluFormula.Find(match)!)],
    };
}
