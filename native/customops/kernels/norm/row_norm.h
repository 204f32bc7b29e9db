// Row normalisation: one kernel family behind every norm op, from RmsNorm to GatedAddAdaRmsNormQuantize.
#pragma once

#include "kernels/core/dtype.h"
#include "kernels/core/parallel.h"

#if defined(FLASHRT_WITH_CUDA)
#include <cuda_runtime_api.h>
#endif

namespace flashrt {

/// One operand that holds a vector of `cols` elements for every `rows / vectors` consecutive rows: a weight has one vector, a
/// per-batch modulation one for each batch, a per-token style one for each row. `pitch` is the distance between vectors in elements.
struct RowVectors {
  const void* data = nullptr;  // null: the operand is absent
  int64_t vectors = 1;
  int64_t pitch = 0;
};

enum class RowStatistic : int32_t {
  rms,    // n = v / sqrt(mean(v^2) + epsilon)
  layer   // n = (v - mean(v)) / sqrt(var(v) + epsilon), the biased variance, in two passes
};

/// For each row, in float32, with absent operands left out:
///
///   R = residual + (x + bias) * gate            (without residual R = x)
///   residual_out = rT(R)
///   n = statistic(R) applied to rT(R), or to R itself when `unrounded`  (RMS statistics always come from R itself)
///   v = (n * weight + beta) * (1 + scale) + shift
///   y = rT(v)      or      q8(clamp(v / max(quant_scale, 1e-12)))      or, without quant_scale,      q8(v)
///   gate_out = bits of gate_in
///
/// Seeds: catalog rows N01..N13, F07..F09, F11..F14. Any output may share the buffer of an input of the same shape: a row is read
/// whole before it is written, and rows are independent.
struct RowNormArgs {
  DType dtype = DType::none;    // T: x, residual, weights, modulation, residual_out, y_float, gate_out
  RowStatistic statistic = RowStatistic::rms;
  float epsilon = 0;
  bool unrounded = false;

  int64_t rows = 0, cols = 0;
  const void* x = nullptr;         // [rows, cols]
  const void* residual = nullptr;  // [rows, cols]
  RowVectors gate;                 // multiplies x + bias; needs residual
  RowVectors bias;                 // one vector; needs residual
  RowVectors weight, beta;         // one vector each
  RowVectors scale, shift;
  RowVectors gate_in;

  void* residual_out = nullptr;    // [rows, cols] T, needs residual
  void* gate_out = nullptr;        // [rows, cols] T, needs gate_in
  void* y = nullptr;               // [rows, cols] T; may be null when y_quantized is given
  Float8E4M3* y_quantized = nullptr;
  const float* quant_scale = nullptr;  // one float; null: unit scale without a clamp, so NaN stays NaN
};

void row_norm_cpu(const RowNormArgs& args, const Parallel& parallel);
#if defined(FLASHRT_WITH_CUDA)
void row_norm_cuda(const RowNormArgs& args, cudaStream_t stream);
#endif

}  // namespace flashrt
