// NVFP4 quantisation and its inverse.
#pragma once

#include "kernels/core/parallel.h"
#include "kernels/quantize/nvfp4_format.h"

#if defined(FLASHRT_WITH_CUDA)
#include <cuda_runtime_api.h>
#endif

namespace flashrt {

/// For each block of 16 consecutive elements of a row (the last one may be shorter):
///
///   scale = ceil_ue4m3(max|x| / 6), NaN ignored in the maximum
///   code  = e2m1(x * (1 / scale)), 0 where the scale is 0; NaN becomes 6
///
/// Element 2i goes to the low nibble of byte i. Padding scales of the swizzled layout are written as zero.
/// Seeds: catalog rows Q05 (linear) and Q06 (swizzled).
struct QuantizeNvfp4Args {
  DType dtype = DType::none;
  ScaleLayout layout = ScaleLayout::linear;
  int64_t rows = 0, cols = 0;  // cols is even
  const void* x = nullptr;     // [rows, cols]
  uint8_t* packed = nullptr;   // [rows, cols / 2]
  uint8_t* scales = nullptr;   // nvfp4_scale_bytes(rows, cols, layout)
};

/// y = rT(element * scale): six significant bits at most, so every T holds it exactly.
struct DequantizeNvfp4Args {
  DType dtype = DType::none;
  ScaleLayout layout = ScaleLayout::linear;
  int64_t rows = 0, cols = 0;
  const uint8_t* packed = nullptr;
  const uint8_t* scales = nullptr;
  void* y = nullptr;  // [rows, cols]
};

void quantize_nvfp4_cpu(const QuantizeNvfp4Args& args, const Parallel& parallel);
void dequantize_nvfp4_cpu(const DequantizeNvfp4Args& args, const Parallel& parallel);
#if defined(FLASHRT_WITH_CUDA)
void quantize_nvfp4_cuda(const QuantizeNvfp4Args& args, cudaStream_t stream);
void dequantize_nvfp4_cuda(const DequantizeNvfp4Args& args, cudaStream_t stream);
#endif

}  // namespace flashrt
