// Heads on their way from one buffer to another: normalised, rotated, or copied. RotaryEmbedding and the QKV splits share it.
#pragma once

#include "kernels/core/dtype.h"
#include "kernels/core/parallel.h"

#if defined(FLASHRT_WITH_CUDA)
#include <cuda_runtime_api.h>
#endif

namespace flashrt {

/// Which elements of a head form pair i, i < rotary_dim / 2.
enum class RopeStyle : int32_t {
  rotate_half,  // (x[i], x[i + rotary_dim / 2])
  interleaved   // (x[2i], x[2i + 1])
};

/// Cosines and sines, [batches, tokens, width] each. With width rotary_dim / 2 pair i has entry i. With width rotary_dim the values
/// stand twice: pair i has entry i (rotate_half, the halves are equal) or 2i (interleaved, neighbours are equal).
struct RopeTable {
  const void *cos = nullptr, *sin = nullptr;
  int64_t batches = 1;  // 1: every batch has the same positions
  int64_t width = 0;
};

/// Element d of head h of token (b, t) is at b * batch + t * token + h * head + d, in elements.
struct HeadStrides {
  int64_t batch = 0, token = 0, head = 0;
};

/// Heads that are treated alike: the queries, the keys or the values.
struct HeadBlock {
  const void* from = nullptr;
  void* to = nullptr;
  HeadStrides from_at, to_at;
  int64_t width = 0;           // columns of a token: heads * head_dim; a block that is only copied may end within a head
  bool rotated = false;
  const void* norm = nullptr;  // [head_dim]: RMS norm of each head, before the rotation; null: none
  int64_t cache_rows = 0;      // > 0: `to` is a cache of so many rows for each batch, and token t goes to row first_row + t
};

/// For each head x of each block, in float32 with one rounding at the store:
///
///   x = x / sqrt(mean(x^2) + epsilon) * norm                    (blocks with a norm)
///   (x_a, x_b) = (x_a * cos - x_b * sin, x_b * cos + x_a * sin)  for the pairs of the first rotary_dim elements (rotated blocks)
///
/// The other elements are copied, bit by bit where there is no norm.
/// Seeds: catalog rows R01..R05. A block's `to` may be its `from` when their strides agree.
struct RopeHeadsArgs {
  DType dtype = DType::none;
  RopeStyle style = RopeStyle::rotate_half;
  int64_t batches = 0, tokens = 0, head_dim = 0;
  int64_t rotary_dim = 0;  // even, at most head_dim
  float epsilon = 0;
  RopeTable table;
  HeadBlock blocks[3];
  int block_count = 0;
  /// The cache row of token 0, one number in the memory of the backend. A token whose row is outside the cache is not written on
  /// CUDA (the number is not known to the host) and is an error on the CPU.
  const int64_t* first_row = nullptr;
};

void rope_heads_cpu(const RopeHeadsArgs& args, const Parallel& parallel);
#if defined(FLASHRT_WITH_CUDA)
void rope_heads_cuda(const RopeHeadsArgs& args, cudaStream_t stream);
#endif

}  // namespace flashrt
