// Softmax over the last axis.
#pragma once

#include "kernels/core/dtype.h"
#include "kernels/core/parallel.h"

#if defined(FLASHRT_WITH_CUDA)
#include <cuda_runtime_api.h>
#endif

namespace flashrt {

/// y[r, c] = rT(exp(x[r, c] - max(x[r])) / sum over c of exp(x[r, c] - max(x[r]))), float32 inside.
///
/// A row that is -infinity everywhere (a fully masked one) becomes zeros. A NaN, or a +infinity, makes its row NaN. (The seed adds
/// 1e-8 to the sum, which is at least 1: float32 does not see it.)
/// Seed: catalog row T08. y may be the buffer of x.
struct SoftmaxRowsArgs {
  DType dtype = DType::none;
  int64_t rows = 0, cols = 0;
  const void* x = nullptr;  // [rows, cols]
  void* y = nullptr;        // [rows, cols]
};

void softmax_rows_cpu(const SoftmaxRowsArgs& args, const Parallel& parallel);
#if defined(FLASHRT_WITH_CUDA)
void softmax_rows_cuda(const SoftmaxRowsArgs& args, cudaStream_t stream);
#endif

}  // namespace flashrt
