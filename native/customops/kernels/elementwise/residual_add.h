// The residual sum, with an optional bias and an optional gate.
#pragma once

#include "kernels/core/dtype.h"
#include "kernels/core/parallel.h"

#if defined(FLASHRT_WITH_CUDA)
#include <cuda_runtime_api.h>
#endif

namespace flashrt {

/// y = rT(residual + (x + bias) * gate), in float32. Without a gate the sum runs left to right, residual + x + bias, as the unfused
/// graph's does.
///
/// Seeds: catalog rows F05, F06, F10, F15. y may be the buffer of residual or of x.
struct ResidualAddArgs {
  DType dtype = DType::none;
  int64_t rows = 0, cols = 0;
  const void *residual = nullptr, *x = nullptr;  // [rows, cols]
  const void* gate = nullptr;                    // [gate_vectors, cols] or null; row r uses vector r / (rows / gate_vectors)
  int64_t gate_vectors = 1;                      // divides rows
  const void* bias = nullptr;                    // [cols] or null
  void* y = nullptr;                             // [rows, cols]
};

void residual_add_cpu(const ResidualAddArgs& args, const Parallel& parallel);
#if defined(FLASHRT_WITH_CUDA)
void residual_add_cuda(const ResidualAddArgs& args, cudaStream_t stream);
#endif

}  // namespace flashrt
