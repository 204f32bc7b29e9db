// Reductions over a warp and over a block. The operator is an argument; every thread receives the result.
#pragma once

#include <cuda_runtime.h>

namespace flashrt {

struct Sum {
  static __device__ __forceinline__ float identity() { return 0.0f; }
  __device__ __forceinline__ float operator()(float a, float b) const { return a + b; }
};

/// Maximum with fmax semantics: a NaN operand is ignored.
struct Max {
  static __device__ __forceinline__ float identity() { return -INFINITY; }
  __device__ __forceinline__ float operator()(float a, float b) const { return fmaxf(a, b); }
};

template <typename Operator, int kWidth = 32>
__device__ __forceinline__ float warp_reduce(float value, Operator op = {}) {
#pragma unroll
  for (int offset = kWidth / 2; offset > 0; offset /= 2) value = op(value, __shfl_xor_sync(0xFFFFFFFFu, value, offset, kWidth));
  return value;
}

/// All threads of the block call this, with `scratch` of 32 floats in shared memory that no earlier reduction used.
template <typename Operator>
__device__ __forceinline__ float block_reduce_fresh(float value, float* scratch, Operator op = {}) {
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = (blockDim.x + 31) >> 5;
  value = warp_reduce(value, op);
  if (warps == 1) return value;
  if (lane == 0) scratch[warp] = value;
  __syncthreads();
  return warp_reduce(lane < warps ? scratch[lane] : Operator::identity(), op);
}

/// The same with a barrier before it, which separates it from earlier readers of `scratch`: calls may follow each other with the same
/// scratch and nothing in between.
template <typename Operator>
__device__ __forceinline__ float block_reduce(float value, float* scratch, Operator op = {}) {
  __syncthreads();
  return block_reduce_fresh(value, scratch, op);
}

}  // namespace flashrt
