using FlashRt.GraphRewriter;

namespace FlashRt.Benches;

/// <summary>The first ops at the shapes of real models, each beside the subgraph that PyTorch's exporter writes for it.</summary>
internal static class OpCases
{
    private const double Epsilon = 1e-6;

    public static IEnumerable<OpCase> All()
    {
        foreach (long[] shape in new long[][] { [1, 1, 2560], [1, 50, 1024], [1, 712, 2048] })
        {
            yield return new("RmsNorm", Text(shape), [shape], (c, v) => [RmsNorm(c, v[0])], (c, v) => [ExportedRmsNorm(c, v[0])],
                (c, v) => [c.Op("SimplifiedLayerNormalization", [v[0], Weight(c, shape[^1])], ("epsilon", (float)Epsilon), ("axis", -1L))], "SimplifiedLayerNormalization");
            yield return new("AddRmsNorm", Text(shape), [shape, shape],
                (c, v) => c.Ops("com.flashrt::AddRmsNorm", [v[0], v[1], Weight(c, shape[^1])], 2, ("epsilon", (float)Epsilon)),
                (c, v) =>
                {
                    string sum = c.Op("Add", v[0], v[1]);
                    return [sum, ExportedRmsNorm(c, sum)];
                },
                (c, v) =>
                {
                    string[] all = c.Ops("com.microsoft::SkipSimplifiedLayerNormalization", [v[1], v[0], Weight(c, shape[^1])], 4, ("epsilon", (float)Epsilon));
                    return [all[3], all[0]];
                }, "SkipSimplifiedLayerNormalization");
        }
        foreach (long[] shape in new long[][] { [2, 256, 1152] })
        {
            yield return new("LayerNorm", Text(shape), [shape],
                (c, v) => [c.Op("com.flashrt::LayerNorm", [v[0], Weight(c, shape[^1]), Bias(c, shape[^1])], ("epsilon", (float)Epsilon))],
                (c, v) => [ExportedLayerNorm(c, v[0], shape[^1])]);
            yield return new("AddLayerNorm", Text(shape), [shape, shape],
                (c, v) => c.Ops("com.flashrt::AddLayerNorm", [v[0], v[1], Weight(c, shape[^1]), Bias(c, shape[^1])], 2, ("epsilon", (float)Epsilon)),
                (c, v) =>
                {
                    string sum = c.Op("Add", v[0], v[1]);
                    return [sum, ExportedLayerNorm(c, sum, shape[^1])];
                },
                (c, v) =>
                {
                    string[] all = c.Ops("com.microsoft::SkipLayerNormalization", [v[1], v[0], Weight(c, shape[^1]), Bias(c, shape[^1])], 4, ("epsilon", (float)Epsilon));
                    return [all[3], all[0]];
                }, "SkipLayerNormalization");
        }
        foreach (long[] shape in new long[][] { [1, 1, 9728], [1, 50, 4096], [1, 712, 16384] })
        {
            yield return new("GatedActivation geglu", Text(shape), [shape, shape],
                (c, v) => [c.Op("com.flashrt::GatedActivation", [v[0], v[1]], ("activation", "gelu_tanh")), v[1]],
                (c, v) => [c.Op("Mul", ExportedGelu(c, v[0]), v[1]), v[1]]);
            yield return new("GatedActivation swiglu", Text(shape), [shape, shape],
                (c, v) => [c.Op("com.flashrt::GatedActivation", [v[0], v[1]], ("activation", "silu")), v[1]],
                (c, v) => [c.Op("Mul", c.Op("Mul", v[0], c.Op("Sigmoid", v[0])), v[1]), v[1]]);
        }
        foreach (long[] shape in new long[][] { [2, 256, 4304] })
            yield return new("Gelu tanh, bias", Text(shape), [shape],
                (c, v) => [c.Op("com.flashrt::Gelu", [v[0], Bias(c, shape[^1])], ("approximate", "tanh"))],
                (c, v) => [ExportedGelu(c, c.Op("Add", v[0], Bias(c, shape[^1])))],
                (c, v) => [c.Op("com.microsoft::FastGelu", v[0], Bias(c, shape[^1]))], "FastGelu");
        foreach (long[] shape in new long[][] { [1, 32, 1, 128], [1, 8, 712, 256] })
            yield return new("RotaryEmbedding", Text(shape), [shape],
                (c, v) => [c.Op("com.flashrt::RotaryEmbedding", [v[0], Table(c, "cos", shape), Table(c, "sin", shape)], ("layout", "BNSH"))],
                (c, v) => [ExportedRope(c, v[0], shape)]);
        foreach (var (rows, width) in new (long, long)[] { (1, 2560), (50, 1024), (712, 2048) })
            yield return new("RmsNormQuantize + Fp8Gemm", $"{rows}x{width}x{width}", [[rows, width]], QuantizedNormGemm, (c, v) =>
                [c.Op("MatMul", ExportedRmsNorm(c, v[0]), c.Random("matrix", 0, 0.02, width, width))]);
    }

    private static string Text(long[] shape) => string.Join('x', shape);

    private static string Weight(Chain c, long width) => c.Random($"weight{width}", 1, 0.1, width);

    private static string Bias(Chain c, long width) => c.Random($"bias{width}", 0, 0.1, width);

    private static string RmsNorm(Chain c, string x) => c.Op("com.flashrt::RmsNorm", [x, Weight(c, c.Width)], ("epsilon", (float)Epsilon));

    /// <summary>PyTorch's RMSNorm of a float16 model: the statistics in float32, back to float16, then the weight.</summary>
    private static string ExportedRmsNorm(Chain c, string x)
    {
        string wide = c.Graph.Cast(x, DataType.Float);
        string mean = c.Op("ReduceMean", [c.Op("Pow", wide, c.Scalar("two", 2, DataType.Float)), c.Integers("last", -1)], ("keepdims", 1L));
        string rstd = c.Op("Reciprocal", c.Op("Sqrt", c.Op("Add", mean, c.Scalar("epsilon", Epsilon, DataType.Float))));
        return c.Op("Mul", c.Graph.Cast(c.Op("Mul", wide, rstd), c.Type), Weight(c, c.Width));
    }

    private static string ExportedLayerNorm(Chain c, string x, long width) =>
        c.Op("LayerNormalization", [x, Weight(c, width), Bias(c, width)], ("epsilon", (float)Epsilon), ("axis", -1L));

    /// <summary>transformers' gelu_pytorch_tanh as it is exported to opset 18.</summary>
    private static string ExportedGelu(Chain c, string x)
    {
        string cubic = c.Op("Mul", c.Op("Mul", c.Op("Mul", x, x), x), c.Scalar("cubic", 0.044715));
        string tanh = c.Op("Tanh", c.Op("Mul", c.Op("Add", x, cubic), c.Scalar("sqrt_2_over_pi", 0.7978845608028654)));
        return c.Op("Mul", c.Op("Mul", x, c.Scalar("half", 0.5)), c.Op("Add", tanh, c.Scalar("one", 1)));
    }

    private static string Table(Chain c, string name, long[] shape) => c.Random(name, 0, 0.5, shape[0], shape[2], shape[3]);

    private static string ExportedRope(Chain c, string x, long[] shape)
    {
        long half = shape[3] / 2;
        string axes = c.Integers("heads_axis", 1), last = c.Integers("last_axis", 3);
        string cos = c.Op("Unsqueeze", Table(c, "cos", shape), axes), sin = c.Op("Unsqueeze", Table(c, "sin", shape), axes);
        string first = c.Op("Slice", x, c.Integers("zero", 0), c.Integers("half_width", half), last);
        string second = c.Op("Slice", x, c.Integers("half_width", half), c.Integers("end", long.MaxValue), last);
        string rotated = c.Op("Concat", [c.Op("Neg", second), first], ("axis", -1L));
        return c.Op("Add", c.Op("Mul", x, cos), c.Op("Mul", rotated, sin));
    }

    private static string[] QuantizedNormGemm(Chain c, string[] v)
    {
        string scale = c.Scalar("act_scale", 0.02, DataType.Float), weightScale = c.Scalar("weight_scale", 0.02 / 448 * 4, DataType.Float);
        string normed = c.Op("com.flashrt::RmsNormQuantize", [v[0], Weight(c, c.Width), scale], ("epsilon", (float)Epsilon));
        string weight = c.Op("Cast", [c.Random("matrix8", 0, 60, c.Width, c.Width)], ("to", (long)DataType.Float8E4M3Fn), ("saturate", 1L));
        return [c.Op("com.flashrt::Fp8Gemm", [normed, weight, scale, weightScale], ("transB", 1L), ("output_dtype", "float16"))];
    }
}
