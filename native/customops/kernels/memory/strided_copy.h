// Copies that only rearrange: a contiguous result gathered from a strided source, bit by bit.
#pragma once

#include <cstdint>

#include "kernels/core/parallel.h"

#if defined(FLASHRT_WITH_CUDA)
#include <cuda_runtime_api.h>
#endif

namespace flashrt {

/// to[i0, i1, i2, i3, 0 .. run) = the `run` bytes at from + i0 * stride0 + i1 * stride1 + i2 * stride2 + i3 * stride3.
///
/// A stride of 0 repeats. Seeds: catalog rows V01, M04, M06. `to` may not overlap `from`.
struct StridedCopyArgs {
  const void* from = nullptr;
  void* to = nullptr;
  int64_t run = 0;                     // bytes that are contiguous on both sides
  int64_t sizes[4] = {1, 1, 1, 1};
  int64_t strides[4] = {0, 0, 0, 0};   // of the source, in bytes
  int64_t runs() const { return sizes[0] * sizes[1] * sizes[2] * sizes[3]; }
};

void strided_copy_cpu(const StridedCopyArgs& args, const Parallel& parallel);
#if defined(FLASHRT_WITH_CUDA)
void strided_copy_cuda(const StridedCopyArgs& args, cudaStream_t stream);
#endif

}  // namespace flashrt
