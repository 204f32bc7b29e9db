// A rule of your own: flashrt rewrite IN.onnx -o OUT.onnx --rules CustomRule.dll
using FlashRt.GraphRewriter.Ir;
using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;
using FlashRt.GraphRewriter.Rules;

namespace CustomRule;

/// <summary>
/// <c>e = exp(x − max(x));  e / sum(e)  →  SoftmaxRows(x)</c>, for models that write their softmax out by hand.
/// </summary>
public sealed class WrittenOutSoftmaxRule : IRule
{
    private static readonly Var X = new("x"), E = new("e");

    // The exponential appears twice and must be one value: the variable E says so.
    private static readonly Pattern Exponential = new Op("Exp", [X - OverLast("ReduceMax", X)]).Core().As(E);

    /// <inheritdoc/>
    public string Name => "WrittenOutSoftmax";

    /// <inheritdoc/>
    public Pattern Source { get; } = Exponential / OverLast("ReduceSum", Exponential);

    /// <inheritdoc/>
    public string? Reject(Match match) =>
        match[X].Type.IsFlashRtFloat() ? null : $"x ('{match[X].Name}') is {match[X].Type.Name()}; the op takes float32, float16 and bfloat16";

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder) => new("SoftmaxRows", [match[X]], [match.Root]);

    // Axes are an input or, before opset 13 or 18, an attribute; a last axis may also be counted from the front.
    private static Op OverLast(string op, Pattern x) => new Op(op, [x]) { MoreInputs = true }
        .Where(n => n.Int("keepdims", 1) == 1 && (n.Input(1)?.Integers ?? n.Ints("axes")) is [var axis]
            && (axis == -1 || axis == n.Input(0)?.Shape?.Rank - 1), $"{op} over the last axis only, with keepdims");
}
