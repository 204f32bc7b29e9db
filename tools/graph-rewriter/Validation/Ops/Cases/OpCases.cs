using FlashRt.Onnx.Catalog;

namespace FlashRt.Validation.Ops;

/// <summary>The cases of every op. Seeds are fixed, so a case is the same in every run.</summary>
public static class OpCases
{
    private static readonly Dictionary<string, Func<CaseTable>> Tables = new()
    {
        ["RmsNorm"] = NormCases.RmsNorm,
        ["RmsNormQuantize"] = NormCases.RmsNormQuantize,
        ["LayerNorm"] = NormCases.LayerNorm,
        ["LayerNormQuantize"] = NormCases.LayerNormQuantize,
        ["AdaLayerNorm"] = NormCases.AdaLayerNorm,
        ["AdaLayerNormQuantize"] = NormCases.AdaLayerNormQuantize,
        ["AdaRmsNorm"] = NormCases.AdaRmsNorm,
        ["AdaRmsNormQuantize"] = NormCases.AdaRmsNormQuantize,
        ["AddRmsNorm"] = NormCases.AddRmsNorm,
        ["AddRmsNormQuantize"] = NormCases.AddRmsNormQuantize,
        ["AddLayerNorm"] = NormCases.AddLayerNorm,
        ["AddLayerNormQuantize"] = NormCases.AddLayerNormQuantize,
        ["GatedAddAdaRmsNorm"] = NormCases.GatedAddAdaRmsNorm,
        ["GatedAddAdaRmsNormQuantize"] = NormCases.GatedAddAdaRmsNormQuantize,
        ["GatedAddAdaLayerNorm"] = NormCases.GatedAddAdaLayerNorm,
        ["ResidualAdd"] = ActivationCases.ResidualAdd,
        ["GatedActivation"] = ActivationCases.GatedActivation,
        ["GatedActivationQuantize"] = ActivationCases.GatedActivationQuantize,
        ["Gelu"] = ActivationCases.Gelu,
        ["Silu"] = ActivationCases.Silu,
        ["Relu"] = ActivationCases.Relu,
        ["BiasAdd"] = ActivationCases.BiasAdd,
        ["SoftmaxRows"] = ActivationCases.SoftmaxRows,
        ["QuantizeFp8"] = QuantizeCases.QuantizeFp8,
        ["DequantizeFp8"] = QuantizeCases.DequantizeFp8,
        ["QuantizeNvfp4"] = QuantizeCases.QuantizeNvfp4,
        ["DequantizeNvfp4"] = QuantizeCases.DequantizeNvfp4,
        ["QuantizeInt8"] = QuantizeCases.QuantizeInt8,
        ["Gemm"] = GemmCases.Gemm,
        ["Fp8Gemm"] = GemmCases.Fp8Gemm,
        ["Fp8WeightGemm"] = GemmCases.Fp8WeightGemm,
        ["Int8Gemm"] = GemmCases.Int8Gemm,
        ["Nvfp4Gemm"] = GemmCases.Nvfp4Gemm,
        ["Attention"] = AttentionCases.Attention,
        ["RotaryEmbedding"] = RopeCases.RotaryEmbedding,
        ["QkvSplit"] = RopeCases.QkvSplit,
        ["QkvSplitRope"] = RopeCases.QkvSplitRope,
        ["QkvSplitRopeKvCache"] = RopeCases.QkvSplitRopeKvCache,
        ["KvCacheWrite"] = RopeCases.KvCacheWrite,
        ["TimestepEmbedding"] = TimestepCases.TimestepEmbedding,
        ["PatchIm2col"] = MemoryCases.PatchIm2col,
        ["Copy"] = MemoryCases.Copy,
        ["StridedCopy"] = MemoryCases.StridedCopy,
        ["FillNegInf"] = MemoryCases.FillNegInf,
        ["RepeatInterleaveHeads"] = MemoryCases.RepeatInterleaveHeads,
        ["CastFloat16"] = MemoryCases.CastFloat16,
        ["EulerStep"] = MemoryCases.EulerStep,
        ["Concat"] = PiecesCases.Concat,
        ["Split"] = PiecesCases.Split,
        ["ScatterND"] = PiecesCases.ScatterND,
    };

    /// <summary>Every case of every op in the catalog.</summary>
    public static IEnumerable<OpCase> All => OpCatalog.Ops.SelectMany(op => Of(op.Name));

    /// <summary>The cases of one op.</summary>
    /// <exception cref="ArgumentException">There are none.</exception>
    public static IEnumerable<OpCase> Of(string op) => Tables.TryGetValue(op, out var table)
        ? table().Build()
        : throw new ArgumentException($"There are no validation cases for {op}.", nameof(op));
}
