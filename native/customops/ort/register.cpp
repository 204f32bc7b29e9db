// Every op of the domain, once.
#include "ort/register.h"

#include "ort/activation_ops.h"
#include "ort/attention_ops.h"
#include "ort/gemm_ops.h"
#include "ort/memory_ops.h"
#include "ort/norm_ops.h"
#include "ort/pieces_ops.h"
#include "ort/quantize_ops.h"
#include "ort/rope_ops.h"

namespace flashrt::ort {

const std::vector<std::unique_ptr<OpBase>>& registered_ops() {
  static const auto ops = make_ops<
      RmsNorm, RmsNormQuantize, LayerNorm, LayerNormQuantize,
      AdaLayerNorm, AdaLayerNormQuantize, AdaRmsNorm, AdaRmsNormQuantize,
      AddRmsNorm, AddRmsNormQuantize, AddLayerNorm, AddLayerNormQuantize,
      GatedAddAdaRmsNorm, GatedAddAdaRmsNormQuantize, GatedAddAdaLayerNorm,
      Gelu, Silu, Relu, BiasAdd, ResidualAdd, GatedActivation, GatedActivationQuantize, SoftmaxRows, Attention,
      RotaryEmbedding, QkvSplit, QkvSplitRope, QkvSplitRopeKvCache, KvCacheWrite, TimestepEmbedding,
      QuantizeFp8, DequantizeFp8, QuantizeInt8, QuantizeNvfp4, DequantizeNvfp4, Gemm, Fp8Gemm, Fp8WeightGemm, Int8Gemm, Nvfp4Gemm,
      PatchIm2col, Copy, StridedCopy, FillNegInf, RepeatInterleaveHeads, CastFloat16, EulerStep,
      Concat, Split, ScatterND>();
  return ops;
}

}  // namespace flashrt::ort
