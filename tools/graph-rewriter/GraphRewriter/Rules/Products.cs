using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;
using static FlashRt.GraphRewriter.Patterns.Ops;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// What the Gemm rules share: a product of rows with a stored matrix, as MatMul, as ONNX's Gemm, or as the op that an earlier rule made.
/// A Transpose of the matrix goes into the op, which reads both layouts.
/// </summary>
internal static class Products
{
    /// <summary>The name under which a match gives the product's node.</summary>
    public const string Node = "product";

    public static readonly Var A = new("a"), Bias = new("bias");

    public static readonly Var Weight = new Var("weight").Where(v => v.Shape?.Rank == 2 && v.Constant is not null, "a stored matrix");

    // Its result may be read elsewhere, as tied embeddings are.
    private static readonly Pattern Matrix = new Op("Transpose", [Weight]) { MayStay = true, MayMiss = true }
        .Where(n => n.Ints("perm") is null or [1, 0], "a Transpose of a matrix").Called("transpose") | Weight;

    /// <summary>MatMul, or ONNX's Gemm without a third operand.</summary>
    public static readonly Pattern Stock = new Op("MatMul", [A, Matrix]).Called(Node) | OnnxGemm([A, Matrix]);

    /// <summary>The op with or without a bias, without activation and C.</summary>
    public static readonly Pattern Linear = Gemm()
        .Where(n => n.Text("activation", "none") == "none" && n.Float("softcap", 0) == 0, "a Gemm without an activation") | Stock;

    /// <summary>The op with or without bias and activation, without C.</summary>
    public static readonly Pattern Activated = Gemm() | Stock;

    /// <summary>ONNX's Gemm, whose A is not transposed.</summary>
    public static Op OnnxGemm(IReadOnlyList<Pattern> inputs) => new Op("Gemm", inputs) { Domain = "" }
        .Where(n => n.Int("transA", 0) == 0, "a Gemm that does not transpose A").Called(Node);

    /// <summary>ONNX's Gemm with a third operand.</summary>
    public static Op OnnxGemm(Var third) => OnnxGemm([A, Matrix, third]);

    /// <summary>All operands must be of one type that the op has.</summary>
    public static string? TypeProblem(Match match, params IEnumerable<Value?> others)
    {
        if (Norms.TypeProblem(match.Root, match[A]) is { } problem) return problem;
        foreach (var operand in others.Append(match[Weight]))
            if (operand is not null && operand.Type != match.Root.Type)
                return $"the operand '{operand.Name}' is {operand.Type.Name()}; x is {match.Root.Type.Name()}";
        return null;
    }

    /// <summary>The bias must be a vector with a number for each column of the result.</summary>
    public static string? BiasProblem(Match match, Value bias) =>
        bias.Shape is not { Rank: 1 } shape ? $"the bias '{bias.Name}' is {bias.Shape}, no vector"
        : !shape[0].SameAs(Columns(match)) ? $"the bias '{bias.Name}' is {shape}; the product has {Columns(match)} columns" : null;

    /// <summary>The fused node.</summary>
    public static Fusion Fuse(Match match, Value? bias, Value? c, string? activation = null)
    {
        var product = match.Node(Node)!;
        Value?[] inputs = [match[A], match[Weight], bias, c];
        List<(string Name, object Value)> attributes = [];
        if ((activation ?? product.Text("activation", "none")) is var a and not "none") attributes.Add(("activation", a));
        if (product.Float("alpha", 1) is var alpha and not 1) attributes.Add(("alpha", alpha));
        if (product.Float("softcap", 0) is var cap and not 0) attributes.Add(("softcap", cap));
        if (IsTransposed(match)) attributes.Add(("transB", 1));
        return new Fusion("Gemm", inputs[..(Array.FindLastIndex(inputs, i => i is not null) + 1)], [match.Root]) { Attributes = attributes };
    }

    /// <summary>The op with or without a bias, after a flattening Reshape of its rows.</summary>
    public static Op OfFlatRows(Func<Pattern, Pattern> flat) => Fused("Gemm", [flat(A), Weight, new Optional(Bias)]).Called(Node);

    private static Op Gemm() => Fused("Gemm", [A, Weight, new Optional(Bias)]).Called(Node);

    private static bool IsTransposed(Match match) => match.Node(Node)!.Int("transB", 0) != 0 ^ match.Node("transpose") is not null;

    private static Dim Columns(Match match) => match[Weight].Shape![IsTransposed(match) ? 0 : 1];
}
