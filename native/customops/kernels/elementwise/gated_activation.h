// Gated activations (GEGLU, SwiGLU and their kin), with a float or an FP8 output.
#pragma once

#include "kernels/core/functors.h"
#include "kernels/core/parallel.h"

#if defined(FLASHRT_WITH_CUDA)
#include <cuda_runtime_api.h>
#endif

namespace flashrt {

/// v = activation(gate[r, c]) * up[r, c] in float32, then
///   y = rT(v)      or      q8(clamp(v / max(quant_scale, 1e-12)))      or, without quant_scale,      q8(v)
///
/// Merged rows [gate | up] are `up = gate + cols` with a pitch of 2 * cols.
/// Seeds: catalog rows F01..F04. y may be the buffer of gate or of up when the pitch is cols.
struct GatedActivationArgs {
  DType dtype = DType::none;
  Activation activation = Activation::gelu_tanh;
  int64_t rows = 0, cols = 0;
  int64_t pitch = 0;               // elements from a row to the next, in gate and in up
  const void *gate = nullptr, *up = nullptr;
  void* y = nullptr;                   // [rows, cols] T, or
  Float8E4M3* y_quantized = nullptr;   // [rows, cols]
  const float* quant_scale = nullptr;  // one float; null: unit scale without a clamp, so NaN stays NaN
};

void gated_activation_cpu(const GatedActivationArgs& args, const Parallel& parallel);
#if defined(FLASHRT_WITH_CUDA)
void gated_activation_cuda(const GatedActivationArgs& args, cudaStream_t stream);
#endif

}  // namespace flashrt
