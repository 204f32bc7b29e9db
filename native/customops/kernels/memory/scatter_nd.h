// Slices written into a copy of a tensor, at places that the device knows.
#pragma once

#include <cstdint>

#include "kernels/core/parallel.h"

#if defined(FLASHRT_WITH_CUDA)
#include <cuda_runtime_api.h>
#endif

namespace flashrt {

/// y = data;  y[indices[t, 0], indices[t, 1], ..] = updates[t]
///
/// A negative index counts from the end. Where two tuples name one place, the CPU keeps the later slice and CUDA any. An index out of
/// range is an error on the CPU; on CUDA, which cannot raise one in a captured graph, its slice is not written.
struct ScatterNdArgs {
  static constexpr int kMostAxes = 8;
  const void* data = nullptr;
  const int64_t* indices = nullptr;  // [tuples, depth]
  const void* updates = nullptr;     // `run` bytes for each tuple
  void* y = nullptr;                 // may be `data`
  int64_t bytes = 0;                 // of data
  int64_t tuples = 0, run = 0;
  int depth = 0;                     // indexed axes, at most kMostAxes
  int64_t sizes[kMostAxes] = {};
  int64_t strides[kMostAxes] = {};   // in bytes
};

void scatter_nd_cpu(const ScatterNdArgs& args, const Parallel& parallel);
#if defined(FLASHRT_WITH_CUDA)
void scatter_nd_cuda(const ScatterNdArgs& args, cudaStream_t stream);
#endif

}  // namespace flashrt
