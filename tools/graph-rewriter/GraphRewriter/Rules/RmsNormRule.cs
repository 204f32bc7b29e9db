using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;
using static FlashRt.GraphRewriter.Patterns.Ops;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// <c>x / sqrt(mean(x²) + ε) · γ  →  RmsNorm(x, γ, epsilon: ε)</c>
/// <para>
/// Exports widen half precision to float32 for the mean and narrow again before the weight (Llama, T5, Qwen) or after it (Gemma,
/// whose weight is 1 + w). RmsNorm computes all of it in float32 and rounds once, so the spellings differ from it by at most the
/// roundings they do in between; a float32 weight is rounded to the type of x.
/// </para>
/// </summary>
public sealed class RmsNormRule : IRule
{
    private static readonly Var X = new("x"), Gamma = new("weight"), Eps = Norms.Epsilon;

    private static readonly Pattern MeanOfSquares = MeanLast(Square(Widened(X))).Core() + Eps;

    private static readonly Pattern Normal = Widened(X) * Reciprocal(Sqrt(MeanOfSquares))
        | Widened(X) / Sqrt(MeanOfSquares)
        | Widened(X) * Pow(MeanOfSquares, -0.5);

    private static readonly Pattern Single = Norms.LastAxisOp("RMSNormalization", Widened(X), Widened(Gamma))
        | Norms.LastAxisOp("SimplifiedLayerNormalization", Widened(X), Widened(Gamma));

    /// <inheritdoc/>
    public string Name => "RmsNorm";

    /// <inheritdoc/>
    public Pattern Source { get; } = Narrowed(Narrowed(Normal) * Widened(Gamma)) | Narrowed(Single) | Narrowed(Normal);

    /// <inheritdoc/>
    public string? Reject(Match match) => Norms.TypeProblem(match.Root, match[X])
        ?? Norms.WeightProblem(match.Find(Gamma), match[X], "weight");

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder)
    {
        var x = match[X];
        var weight = match.Find(Gamma) is { } gamma ? Norms.Weight(gamma, x, builder) : null;
        return new Fusion("RmsNorm", weight is null ? [x] : [x, weight], [match.Root])
        {
            Attributes = [("epsilon", match.Find(Eps)?.Scalar ?? match.Node(Norms.OpName)!.Float("epsilon", 1e-5f))],
            Body = match.Node(Norms.OpName) is { } op && op.Input(0)!.Type != op.Input(1)!.Type ? SameTypedBody(match, op) : null,
        };
    }

    // RMSNormalization allows a scale of another type than x; ONNX Runtime does not run that, so the body widens x first.
    private static FunctionBody SameTypedBody(Match match, Node op)
    {
        var body = new FunctionBody(match.Root);
        var scale = body.Constant("scale", op.Input(1)!.Constant!);
        var x = body.Node("Cast", [op.Input(0)!.Name], null, ("to", (long)op.Input(1)!.Type));
        var y = body.Node(op.OpType, [x, scale], null, ("axis", -1), ("epsilon", op.Float("epsilon", 1e-5f)), ("stash_type", 1));
        body.Node("Cast", [y], match.Root.Name, ("to", (long)match.Root.Type));
        return body;
    }
}
