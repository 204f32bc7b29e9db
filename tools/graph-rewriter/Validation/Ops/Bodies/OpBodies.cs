namespace FlashRt.Validation.Ops;

/// <summary>The unfused standard-ONNX graph of the ops that have one: the third opinion beside reference and kernel.</summary>
public static class OpBodies
{
    private static readonly Dictionary<string, Action<Body>> All = new()
    {
        ["RmsNorm"] = NormBody.Write,
        ["RmsNormQuantize"] = NormBody.Write,
        ["LayerNorm"] = NormBody.Write,
        ["LayerNormQuantize"] = NormBody.Write,
        ["AdaLayerNorm"] = NormBody.Write,
        ["AdaLayerNormQuantize"] = NormBody.Write,
        ["AdaRmsNorm"] = NormBody.Write,
        ["AdaRmsNormQuantize"] = NormBody.Write,
        ["AddRmsNorm"] = NormBody.Write,
        ["AddRmsNormQuantize"] = NormBody.Write,
        ["AddLayerNorm"] = NormBody.Write,
        ["AddLayerNormQuantize"] = NormBody.Write,
        ["GatedAddAdaRmsNorm"] = NormBody.Write,
        ["GatedAddAdaRmsNormQuantize"] = NormBody.Write,
        ["GatedAddAdaLayerNorm"] = NormBody.Write,
        ["ResidualAdd"] = ActivationBody.ResidualAdd,
        ["GatedActivation"] = ActivationBody.Gated,
        ["GatedActivationQuantize"] = ActivationBody.Gated,
        ["Gelu"] = ActivationBody.Gelu,
        ["Silu"] = b => ActivationBody.Biased(b, "silu"),
        ["Relu"] = b => ActivationBody.Biased(b, "relu"),
        ["SoftmaxRows"] = ActivationBody.Softmax,
        ["QuantizeFp8"] = b => b.Output("Y", b.Quantized("X", "scale")),
        ["DequantizeFp8"] = b => b.Output("Y", b.Multiply("X", "scale")),
        ["Gemm"] = GemmBody.Write,
        ["Fp8Gemm"] = GemmBody.Write,
        ["Fp8WeightGemm"] = GemmBody.Write,
        ["RotaryEmbedding"] = RopeBody.Write,
        ["QkvSplit"] = RopeBody.Split,
        ["TimestepEmbedding"] = TimestepBody.Write,
        ["Attention"] = AttentionBody.Write,
        ["Concat"] = PiecesBody.Concat,
        ["Split"] = PiecesBody.Split,
        ["ScatterND"] = PiecesBody.ScatterND,
    };

    // Forms of a call that standard ops cannot express: a scale from the data, sizes read on the device, packed operands.
    private static readonly Func<OpSignature, bool>[] Exceptions =
    [
        s => s.Op.Name == "QuantizeFp8" && Equals(s.Attribute("dynamic"), 1L),
        s => s.Op.Name == "Attention" && s.Inputs.Any(i => i is "kv_length" or "first_row_length" or "sink"),
        s => s.Op.Name == "Attention" && (!s.Inputs.Contains("K") || s.Outputs.Contains("lse") || Equals(s.Attribute("causal"), 1L) || !Equals(s.Attribute("window"), -1L)),
    ];

    /// <summary>Whether any form of the op has a standard graph.</summary>
    public static bool Exists(string op) => All.ContainsKey(op);

    /// <summary>Whether this form of call has a standard graph.</summary>
    public static bool Has(OpSignature signature) => All.ContainsKey(signature.Op.Name) && !Exceptions.Any(e => e(signature));

    /// <summary>Whether the graph holds sizes, such as the number of heads, so that it fits samples of one shape only.</summary>
    public static bool DependsOnSizes(OpSignature signature) => signature.Op.Family is "rope" or "attention";

    /// <summary>The graph, for operands of these ranks.</summary>
    public static OnnxModel Build(OpSignature signature, IReadOnlyDictionary<string, OpTensor> operands)
    {
        var body = new Body(signature, operands);
        All[signature.Op.Name](body);
        return body.Build();
    }

    /// <summary>
    /// Holds the graph's outputs against the references. They are float32 whatever the type variable is, because the graph rounds only
    /// where the op's formula does. Its own float32 noise comes on top, and ONNX Runtime's tanh and sigmoid on the CPU are polynomials with
    /// an absolute error of a few 1e-7.
    /// </summary>
    internal static IEnumerable<(string Output, OutputCheck Check)> Compare(OpSignature signature, IReadOnlyList<Expected> expected, IReadOnlyDictionary<string, OpTensor> actual)
    {
        for (var i = 0; i < signature.Op.Outputs.Count; i++)
        {
            var name = signature.Op.Outputs[i].Name;
            if (!actual.TryGetValue(name, out var got))
                continue;
            var e = expected[i];
            if (e.Type.IsFloat())
                e = e with { Type = ElementType.Float32, Noise = [.. e.Values.Select((_, k) => 4 * e.NoiseOf(k) + 4e-6)] };
            yield return (name, OutputCheck.Of(e, got));
        }
    }
}
