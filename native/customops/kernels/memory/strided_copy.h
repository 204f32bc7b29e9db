// Copies that only rearrange: a contiguous result gathered from a strided source, bit by bit.
#pragma once

#include <cstdint>
#include <functional>
#include <numeric>

#include "kernels/core/parallel.h"

#if defined(FLASHRT_WITH_CUDA)
#include <cuda_runtime_api.h>
#endif

namespace flashrt {

/// to[i0, i1, .., 0 .. run) = the `run` bytes at from + i0 * stride0 + i1 * stride1 + ..
///
/// A stride of 0 repeats. Seeds: catalog rows V01, M04, M06. `to` may not overlap `from`.
struct StridedCopyArgs {
  static constexpr int kAxes = 6;      // those that are not needed have size 1
  const void* from = nullptr;
  void* to = nullptr;
  int64_t run = 0;                     // bytes that are contiguous on both sides
  int64_t sizes[kAxes] = {1, 1, 1, 1, 1, 1};
  int64_t strides[kAxes] = {};         // of the source, in bytes
  int64_t runs() const { return std::accumulate(sizes, sizes + kAxes, int64_t{1}, std::multiplies<int64_t>()); }

  /// Takes the inner axes into the run that continue it on both sides.
  void lengthen_run() {
    for (int axis = kAxes - 1; axis >= 0 && (sizes[axis] == 1 || strides[axis] == run); --axis) {
      run *= sizes[axis];
      sizes[axis] = 1;
    }
  }
};

void strided_copy_cpu(const StridedCopyArgs& args, const Parallel& parallel);
#if defined(FLASHRT_WITH_CUDA)
void strided_copy_cuda(const StridedCopyArgs& args, cudaStream_t stream);
#endif

}  // namespace flashrt
