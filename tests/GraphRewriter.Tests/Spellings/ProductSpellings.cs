using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;
using static FlashRt.GraphRewriter.Tests.Spellings.NormSpellings;

namespace FlashRt.GraphRewriter.Tests.Spellings;

/// <summary>Products with a stored matrix and what follows them in a linear layer.</summary>
public static class ProductSpellings
{
    /// <summary>Columns of the matrix.</summary>
    public const int Columns = 16;

    public static IReadOnlyList<Spelling> All { get; } =
    [
        new("product and bias", () => Linear((g, p) => g.Op("Add", p, B(g))), Golden("Gemm(x, w, b)")),
        new("bias first", () => Linear((g, p) => g.Op("Add", B(g), p)), Golden("Gemm(x, w, b)")),
        new("product with a transposed matrix", () => Linear((g, p) => g.Op("Add", p, B(g)), transposed: true), Golden("Gemm(x, transpose_0, b)")),
        new("product, bias and ReLU", () => Linear((g, p) => g.Op("Relu", g.Op("Add", p, B(g)))), Golden("Gemm(x, w, b) {activation=relu}")),
        new("product and ReLU", () => Linear((g, p) => g.Op("Relu", p)), Golden("Gemm(x, w) {activation=relu}")),
        new("product, bias and GELU", () => Linear((g, p) => g.Node("Gelu", [g.Op("Add", p, B(g))], [("approximate", "tanh")])[0]), Golden("Gemm(x, w, b) {activation=gelu_tanh}")),
        new("product and GELU", () => Linear((g, p) => g.Op("Gelu", p)), Golden("Gemm(x, w) {activation=gelu_erf}")),
        new("product, bias and SiLU", () => Linear((g, p) => Silu(g, g.Op("Add", p, B(g)))), Golden("Gemm(x, w, b) {activation=silu}")),
        new("product and quick GELU", () => Linear((g, p) => g.Op("Mul", p, g.Op("Sigmoid", g.Op("Mul", p, g.Scalar("k", Float, 1.702))))), Golden("Gemm(x, w) {activation=gelu_quick}")),
        new("rows flattened for ONNX's Gemm (GPT-2)", () => Flattened(g => g.Integers("back", 2, 3, Columns)), """
            in  x: float32[2,3,8]
            y = com.flashrt::Gemm(x, w, b)
            out y: float32[2,3,16]
            """),
        new("capped logits", () => Linear((g, p) => Capped(g, p, 30, 30)), Golden("Gemm(x, w) {softcap=30}")),
        new("capped logits with a bias", () => Linear((g, p) => Capped(g, g.Op("Add", p, B(g)), 30, 30)), Golden("Gemm(x, w, b) {softcap=30}")),
        new("capped logits, times the inverse", () => Linear((g, p) =>
            g.Op("Mul", g.Op("Tanh", g.Op("Mul", p, g.Scalar("inverse", Float, 1.0 / 30))), g.Scalar("cap", Float, 30))), Golden("Gemm(x, w) {softcap=30}")),
        new("scaled logits", () => Linear((g, p) => g.Op("Mul", p, g.Scalar("scale", Float, 0.0625))), Golden("Gemm(x, w) {alpha=0.0625}")),
        new("divided logits", () => Linear((g, p) => g.Op("Div", p, g.Scalar("scale", Float, 8))), Golden("Gemm(x, w) {alpha=0.125}")),
        new("product and residual", () => Linear((g, p) => g.Op("Add", p, Residual(g))), Golden("Gemm(x, w, _, c)", c: true)),
        new("residual, product and bias", () => Linear((g, p) => g.Op("Add", Residual(g), g.Op("Add", p, B(g)))), Golden("Gemm(x, w, b, c)", c: true)),
        new("residual after an activation", () => Linear((g, p) => g.Op("Add", g.Op("Relu", g.Op("Add", p, B(g))), Residual(g))),
            Golden("Gemm(x, w, b, c) {activation=relu}", c: true)),
        new("product, bfloat16", () => Linear((g, p) => g.Op("Add", p, B(g, Bfloat16)), type: Bfloat16), Golden("Gemm(x, w, b)").Replace("float32", "bfloat16")),
        new("ONNX's Gemm with a bias", () => Matrix((g, x) => g.Node("Gemm", [x, W(g, transposed: true), B(g)], [("transB", 1)])[0]), MatrixGolden("Gemm(x, w, b) {transB=1}")),
        new("ONNX's Gemm, half of the product", () => Matrix((g, x) => g.Node("Gemm", [x, W(g), B(g)], [("alpha", 0.5f)])[0]), MatrixGolden("Gemm(x, w, b) {alpha=0.5}")),
        new("ONNX's Gemm with a matrix", () => Matrix((g, x) => g.Node("Gemm", [x, W(g), g.Input("c", Float, 3, Columns)], [("beta", 2f)])[0]),
            MatrixGolden("Gemm(x, w, _, c) {beta=2}", c: true)),
        new("ONNX's Gemm and GELU", () => Matrix((g, x) => g.Op("Gelu", g.Node("Gemm", [x, W(g, transposed: true), B(g)], [("transB", 1)])[0])),
            MatrixGolden("Gemm(x, w, b) {activation=gelu_erf, transB=1}")),
        new("SiLU after a bias", () => ActivationSpellings.Unary((g, x) => Silu(g, g.Op("Add", x, g.Initializer("b", Float16, [Width], Ramp(Width))))), """
            in  x: float16[2,seq,8]
            y = com.flashrt::Silu(x, b)
            out y: float16[2,seq,8]
            """),
        new("ReLU after a bias", () => ActivationSpellings.Unary((g, x) => g.Op("Relu", g.Op("Add", x, g.Initializer("b", Float16, [Width], Ramp(Width))))), """
            in  x: float16[2,seq,8]
            y = com.flashrt::Relu(x, b)
            out y: float16[2,seq,8]
            """),
        new("SiLU alone", () => ActivationSpellings.Unary(Silu), """
            in  x: float16[2,seq,8]
            y = com.flashrt::Silu(x)
            out y: float16[2,seq,8]
            """),
    ];

    /// <summary>The product of [2, seq, 8] with a matrix; <paramref name="finish"/> goes on from there.</summary>
    public static OnnxModel Linear(Func<GraphBuilder, string, string> finish, bool transposed = false, DataType type = Float)
    {
        var g = new GraphBuilder(20);
        var x = g.Input("x", type, 2, "seq", Width);
        var w = W(g, transposed, type);
        g.Node("Identity", [finish(g, g.Op("MatMul", x, transposed ? g.Node("Transpose", [w], [("perm", new[] { 1, 0 })])[0] : w))], outputs: ["y"]);
        g.Output("y", type, 2, "seq", Columns);
        return Inline(g.Build());
    }

    /// <summary>Capped at <paramref name="cap"/> after a division by <paramref name="inner"/>.</summary>
    public static string Capped(GraphBuilder g, string x, double inner, double cap) =>
        g.Op("Mul", g.Op("Tanh", g.Op("Div", x, g.Scalar("inner", Float, inner))), g.Scalar("cap", Float, cap));

    /// <summary>Gemm of [2, 3, 8] as six rows; <paramref name="back"/> names the shape that follows it.</summary>
    public static OnnxModel Flattened(Func<GraphBuilder, string> back)
    {
        var g = new GraphBuilder(20);
        var rows = g.Op("Reshape", g.Input("x", Float, 2, 3, Width), g.Integers("flat", -1, Width));
        g.Node("Reshape", [g.Op("Gemm", rows, W(g), B(g)), back(g)], outputs: ["y"]);
        g.Output("y", Float);
        var model = g.Build();
        model.Proto.Graph.Output[0].Type.TensorType.Shape = null;
        return new OnnxModel(model.Proto);
    }

    /// <summary>A graph over three rows.</summary>
    public static OnnxModel Matrix(Func<GraphBuilder, string, string> formula)
    {
        var g = new GraphBuilder(20);
        g.Node("Identity", [formula(g, g.Input("x", Float, 3, Width))], outputs: ["y"]);
        g.Output("y", Float, 3, Columns);
        return Inline(g.Build());
    }

    public static string W(GraphBuilder g, bool transposed = false, DataType type = Float) =>
        g.Initializer("w", type, transposed ? [Columns, Width] : [Width, Columns], [.. Ramp(Width * Columns, -1, 1.0 / 64).Select((v, i) => i % 3 == 0 ? -v : v)]);

    public static string B(GraphBuilder g, DataType type = Float) => g.Initializer("b", type, [Columns], Ramp(Columns, -1));

    public static string Residual(GraphBuilder g) => g.Input("c", Float, 2, "seq", Columns);

    private static string Silu(GraphBuilder g, string x) => g.Op("Mul", x, g.Op("Sigmoid", x));

    private static string Golden(string call, bool c = false) =>
        $"in  x: float32[2,seq,8]\n{(c ? "in  c: float32[2,seq,16]\n" : "")}y = com.flashrt::{call}\nout y: float32[2,seq,16]";

    private static string MatrixGolden(string call, bool c = false) =>
        $"in  x: float32[3,8]\n{(c ? "in  c: float32[3,16]\n" : "")}y = com.flashrt::{call}\nout y: float32[3,16]";
}
