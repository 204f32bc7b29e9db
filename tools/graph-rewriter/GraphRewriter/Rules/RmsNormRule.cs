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

    private static readonly Pattern Mean = MeanLast(Square(Widened(X))).Core();

    // An epsilon below what float16 holds was exported as zero, and adding zero is no operation of the canonical form.
    private static readonly Pattern MeanOfSquares = Mean + Eps | Mean;

    private static readonly Pattern Normal = Widened(X) * Narrowed(Reciprocal(Sqrt(MeanOfSquares)) | Pow(MeanOfSquares, -0.5))
        | Widened(X) / Narrowed(Sqrt(MeanOfSquares));

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
            Attributes = [("epsilon", match.Find(Eps)?.Scalar ?? match.Node(Norms.OpName)?.Float("epsilon", 1e-5f) ?? 0)],
            Body = match.Node(Norms.OpName) is { } op && !RunsInsideFunction(op) ? WrittenOut(match, op) : null,
        };
    }

    // ONNX Runtime refuses RMSNormalization with a scale of another type than x, and crashes on a function that holds its own
    // SimplifiedLayerNormalization, which it keeps in the standard domain. Their bodies say the same in plain operators.
    private static bool RunsInsideFunction(Node op) => op.OpType == "RMSNormalization" && op.Input(0)!.Type == op.Input(1)!.Type;

    private static FunctionBody WrittenOut(Match match, Node op)
    {
        var body = new FunctionBody(match.Root);
        string Number(string role, double value) => body.Constant(role, ConstantTensor.From(DataType.Float, [], [value]));
        string Wide(Value value) => body.Node("Cast", [value.Name], null, ("to", (long)DataType.Float));

        var gamma = match[Gamma].Constant is { } scale ? body.Constant("scale", ConstantTensor.From(DataType.Float, scale.Dims, scale.ReadAsDouble())) : Wide(match[Gamma]);
        var x = Wide(match[X]);
        var square = body.Node("Mul", [x, x]);
        var mean = match.Graph.Opset >= 18
            ? body.Node("ReduceMean", [square, body.Constant("axes", ConstantTensor.From(DataType.Int64, [1], [-1L]))])
            : body.Node("ReduceMean", [square], null, ("axes", new[] { -1L }));
        var root = body.Node("Sqrt", [body.Node("Add", [mean, Number("epsilon", op.Float("epsilon", 1e-5f))])]);
        var y = body.Node("Mul", [body.Node("Div", [x, root]), gamma]);
        body.Node("Cast", [y], match.Root.Name, ("to", (long)match.Root.Type));
        return body;
    }
}
