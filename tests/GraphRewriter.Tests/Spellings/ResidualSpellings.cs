using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;
using static FlashRt.GraphRewriter.Tests.Spellings.NormSpellings;

namespace FlashRt.GraphRewriter.Tests.Spellings;

/// <summary>A norm of a sum that is read again: every pre-norm block.</summary>
public static class ResidualSpellings
{
    public static IReadOnlyList<Spelling> All { get; } =
    [
        new("rms of a sum", () => Block("RMSNormalization", weight: true, beta: false, bias: false), """
            in  residual: float16[2,seq,8]
            in  x: float16[2,seq,8]
            sum, y = com.flashrt::AddRmsNorm(residual, x, w) {epsilon=0.000001}
            out y: float16[2,seq,8]
            out sum: float16[2,seq,8]
            """),
        new("rms of a sum with bias", () => Block("RMSNormalization", weight: true, beta: false, bias: true), """
            in  residual: float16[2,seq,8]
            in  x: float16[2,seq,8]
            sum, y = com.flashrt::AddRmsNorm(residual, x, w, bias) {epsilon=0.000001}
            out y: float16[2,seq,8]
            out sum: float16[2,seq,8]
            """),
        new("layer norm of a sum with bias", () => Block("LayerNormalization", weight: true, beta: true, bias: true), """
            in  residual: float16[2,seq,8]
            in  x: float16[2,seq,8]
            sum, y = com.flashrt::AddLayerNorm(residual, x, w, b, bias) {epsilon=0.000001}
            out y: float16[2,seq,8]
            out sum: float16[2,seq,8]
            """),
        new("layer norm without parameters of a sum with bias", () => Block("LayerNormalization", weight: false, beta: false, bias: true), """
            in  residual: float16[2,seq,8]
            in  x: float16[2,seq,8]
            sum, y = com.flashrt::AddLayerNorm(residual, x, _, _, bias) {epsilon=0.000001}
            out y: float16[2,seq,8]
            out sum: float16[2,seq,8]
            """),
        new("sum of a value with itself", () => Block("RMSNormalization", weight: true, beta: false, bias: false, same: true), """
            in  residual: float16[2,seq,8]
            sum, y = com.flashrt::AddRmsNorm(residual, residual, w) {epsilon=0.000001}
            out y: float16[2,seq,8]
            out sum: float16[2,seq,8]
            """),
    ];

    public static OnnxModel Block(string op, bool weight, bool beta, bool bias, bool same = false)
    {
        var g = new GraphBuilder(23);
        var residual = g.Input("residual", Float16, 2, "seq", Width);
        var x = same ? residual : g.Input("x", Float16, 2, "seq", Width);
        var branch = bias ? g.Op("Add", x, g.Initializer("bias", Float16, [Width], Ramp(Width, -0.5))) : x;
        var sum = g.Node("Add", [residual, branch], outputs: ["sum"])[0];
        List<string> inputs = [sum, g.Initializer("w", Float16, [Width], weight ? Ramp(Width) : Ramp(Width, 1, 0))];
        if (beta) inputs.Add(g.Initializer("b", Float16, [Width], Ramp(Width, -0.25)));
        g.Node(op, inputs, [("axis", -1), ("epsilon", 1e-6f)], ["y"]);
        g.Output("y", Float16, 2, "seq", Width);
        g.Output("sum", Float16, 2, "seq", Width);
        return g.Build();
    }
}
