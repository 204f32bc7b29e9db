// Tensors joined along an axis, and one tensor split along it: both sides are contiguous, and bits pass.
#pragma once

#include <cstdint>

#include "kernels/core/parallel.h"

#if defined(FLASHRT_WITH_CUDA)
#include <cuda_runtime_api.h>
#endif

namespace flashrt {

/// How a row of the whole consists of the pieces: piece p is the bytes [ends[p - 1], ends[p]) of each row.
///
/// The addresses travel as kernel arguments, which a captured CUDA graph copies; ONNX Runtime's own Concat and Split read them from
/// host memory that is reused after the capture.
struct Pieces {
  static constexpr int kMost = 16;
  int64_t rows = 0;  // product of the axes before the one that is joined
  int count = 0;
  int64_t ends[kMost] = {};
  int64_t begin(int p) const { return p == 0 ? 0 : ends[p - 1]; }
  int64_t width() const { return count == 0 ? 0 : ends[count - 1]; }
};

/// to[row] = from[0][row], from[1][row], ...
struct ConcatArgs {
  Pieces pieces;
  const void* from[Pieces::kMost] = {};
  void* to = nullptr;
};

/// to[0][row], to[1][row], ... = from[row]; a null piece is left out.
struct SplitArgs {
  Pieces pieces;
  const void* from = nullptr;
  void* to[Pieces::kMost] = {};
};

void concat_cpu(const ConcatArgs& args, const Parallel& parallel);
void split_cpu(const SplitArgs& args, const Parallel& parallel);
#if defined(FLASHRT_WITH_CUDA)
void concat_cuda(const ConcatArgs& args, cudaStream_t stream);
void split_cuda(const SplitArgs& args, cudaStream_t stream);
#endif

}  // namespace flashrt
