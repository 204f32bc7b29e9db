namespace FlashRt.Validation.Ops;

/// <summary>The float64 reference implementation of every op, written from its formula.</summary>
public static class OpReferences
{
    private static readonly Dictionary<string, Func<OpCall, IReadOnlyList<Expected>>> All = new()
    {
        ["RmsNorm"] = NormReference.RmsNorm,
        ["RmsNormQuantize"] = NormReference.RmsNorm,
        ["LayerNorm"] = NormReference.LayerNorm,
        ["LayerNormQuantize"] = NormReference.LayerNorm,
        ["AdaLayerNorm"] = NormReference.AdaLayerNorm,
        ["AdaLayerNormQuantize"] = NormReference.AdaLayerNorm,
        ["AdaRmsNorm"] = NormReference.AdaRmsNorm,
        ["AdaRmsNormQuantize"] = NormReference.AdaRmsNorm,
        ["AddRmsNorm"] = NormReference.AddRmsNorm,
        ["AddRmsNormQuantize"] = NormReference.AddRmsNorm,
        ["AddLayerNorm"] = NormReference.AddLayerNorm,
        ["AddLayerNormQuantize"] = NormReference.AddLayerNorm,
        ["GatedAddAdaRmsNorm"] = NormReference.GatedAddAdaRmsNorm,
        ["GatedAddAdaRmsNormQuantize"] = NormReference.GatedAddAdaRmsNorm,
        ["GatedAddAdaLayerNorm"] = NormReference.GatedAddAdaLayerNorm,
        ["ResidualAdd"] = FusionReference.ResidualAdd,
        ["GatedActivation"] = ActivationReference.GatedActivation,
        ["GatedActivationQuantize"] = ActivationReference.GatedActivation,
        ["Gelu"] = ActivationReference.Gelu,
        ["Silu"] = ActivationReference.Silu,
        ["Relu"] = ActivationReference.Relu,
        ["BiasAdd"] = ActivationReference.BiasAdd,
        ["QuantizeFp8"] = QuantizeReference.QuantizeFp8,
        ["DequantizeFp8"] = QuantizeReference.DequantizeFp8,
        ["QuantizeNvfp4"] = QuantizeReference.QuantizeNvfp4,
        ["DequantizeNvfp4"] = QuantizeReference.DequantizeNvfp4,
        ["QuantizeInt8"] = QuantizeReference.QuantizeInt8,
        ["Gemm"] = GemmReference.Gemm,
        ["Fp8Gemm"] = GemmReference.Fp8Gemm,
        ["Fp8WeightGemm"] = GemmReference.Fp8WeightGemm,
        ["Int8Gemm"] = GemmReference.Int8Gemm,
        ["Nvfp4Gemm"] = GemmReference.Nvfp4Gemm,
        ["SoftmaxRows"] = MemoryReference.SoftmaxRows,
        ["RotaryEmbedding"] = RopeReference.RotaryEmbedding,
        ["QkvSplit"] = RopeReference.QkvSplit,
        ["QkvSplitRope"] = RopeReference.QkvSplitRope,
        ["QkvSplitRopeKvCache"] = RopeReference.QkvSplitRope,
        ["KvCacheWrite"] = RopeReference.KvCacheWrite,
        ["Attention"] = AttentionReference.Attention,
        ["TimestepEmbedding"] = TimestepReference.TimestepEmbedding,
        ["PatchIm2col"] = MemoryReference.PatchIm2col,
        ["Copy"] = MemoryReference.Copy,
        ["StridedCopy"] = MemoryReference.StridedCopy,
        ["FillNegInf"] = MemoryReference.FillNegInf,
        ["RepeatInterleaveHeads"] = MemoryReference.RepeatInterleaveHeads,
        ["CastFloat16"] = MemoryReference.CastFloat16,
        ["EulerStep"] = MemoryReference.EulerStep,
        ["Concat"] = PiecesReference.Concat,
        ["Split"] = PiecesReference.Split,
        ["ScatterND"] = PiecesReference.ScatterND,
    };

    /// <summary>Whether there is a reference for the op.</summary>
    public static bool Has(string op) => All.ContainsKey(op);

    /// <summary>What every output of the op should be, in the order of its schema, optional outputs included.</summary>
    public static IReadOnlyList<Expected> Compute(OpCall call) =>
        All.TryGetValue(call.Signature.Op.Name, out var reference)
            ? reference(call)
            : throw new ArgumentException($"There is no reference implementation of {call.Signature.Op.Name}.", nameof(call));
}
