// FP8 E4M3 back to a float type.
#pragma once

#include "kernels/core/dtype.h"
#include "kernels/core/parallel.h"

#if defined(FLASHRT_WITH_CUDA)
#include <cuda_runtime_api.h>
#endif

namespace flashrt {

/// y = rT(f(x) * scale). Without a scale every T holds the value exactly.
struct DequantizeFp8Args {
  DType dtype = DType::none;     // of y
  int64_t count = 0;
  const Float8E4M3* x = nullptr;
  const float* scale = nullptr;  // one float; null: 1
  void* y = nullptr;
};

void dequantize_fp8_cpu(const DequantizeFp8Args& args, const Parallel& parallel);
#if defined(FLASHRT_WITH_CUDA)
void dequantize_fp8_cuda(const DequantizeFp8Args& args, cudaStream_t stream);
#endif

}  // namespace flashrt
