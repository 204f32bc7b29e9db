// Quantisation to 8 bits: FP8 E4M3 and int8, with a scale that is given, measured, or one.
#pragma once

#include "kernels/core/dtype.h"
#include "kernels/core/parallel.h"

#if defined(FLASHRT_WITH_CUDA)
#include <cuda_runtime_api.h>
#endif

namespace flashrt {

enum class Scaling : int32_t {
  given,   // `scale` holds one float
  tensor,  // measured over the tensor
  token,   // measured over each row
  unit     // one, without a clamp: FP8 NaN stays NaN
};

/// y = code(x * (1 / s)), x widened to float32, rounded to the nearest code, saturating; NaN becomes the lowest code.
///
///   given    s = max(scale, 1e-12)
///   tensor   s = max(max|x| / largest code, 1e-12), NaN ignored in the maximum
///   token    the same for each row
///   unit     y = code(x)
///
/// Seeds: catalog rows Q01 to Q04. Everything stays on the device and the result does not depend on the launch, so the measuring
/// forms can be captured in a CUDA graph.
struct Quantize8Args {
  DType dtype = DType::none;      // of x
  DType code = DType::f8e4m3;     // or i8
  Scaling scaling = Scaling::unit;
  int64_t rows = 0, cols = 0;
  const void* x = nullptr;        // [rows, cols]
  const float* scale = nullptr;   // one float, for `given`
  void* y = nullptr;              // [rows, cols] codes
  float* scale_out = nullptr;     // one float, or [rows] for `token`: the s used; may be null
  float* partials = nullptr;      // CUDA and `tensor`: kQuantize8Partials floats of scratch memory
};

/// Blocks that measure a tensor; each leaves one partial maximum.
constexpr int kQuantize8Partials = 512;

void quantize8_cpu(const Quantize8Args& args, const Parallel& parallel);
#if defined(FLASHRT_WITH_CUDA)
void quantize8_cuda(const Quantize8Args& args, cudaStream_t stream);
#endif

}  // namespace flashrt
