// Adds up the partial results of a row's key shares, in their order.
#pragma once

#include "kernels/attention/rows.cuh"
#include "kernels/attention/tiling.h"
#include "kernels/core/reduce.cuh"
#include "kernels/core/vec.cuh"

namespace flashrt {

/// kRowWarps warps for each row take turns at the shares, and each lane at N value columns. Few rows with many shares are what decoding
/// has, so that the wait for a share's loads is what counts there. Rows are counted in 32 bits: the partial results of more fit no device.
template <typename T, int N, int kRowWarps>
__global__ void __launch_bounds__(32 * kCombineWarps)
    attention_combine_kernel(const __grid_constant__ AttentionArgs a, const __grid_constant__ Partials partials) {
  static_assert(kRowWarps == 1 || kRowWarps == kCombineWarps);
  __shared__ Vec<float, N> sums[kRowWarps][32];
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32 % kRowWarps;
  const int at = static_cast<int>(blockIdx.x) * (kCombineWarps / kRowWarps) + static_cast<int>(threadIdx.x) / (32 * kRowWarps);
  if (at >= partials.rows) return;  // whole blocks, or warps that nobody waits for
  const int heads = static_cast<int>(a.heads), kv_heads = static_cast<int>(a.kv_heads), queries = static_cast<int>(a.queries);
  const int group = heads / kv_heads, rows = queries * group, row = at % rows, pair = at / rows;
  const int batch = pair / kv_heads, query = row / group, head = pair % kv_heads * group + row % group;

  const float* const highest = partials.highest + at;
  const float sink = a.sink == nullptr ? -INFINITY : to_float(static_cast<const T*>(a.sink)[head]) * kLog2E;
  float top = sink;
  for (int s = lane; s < partials.splits; s += 32) top = fmaxf(top, highest[s * partials.rows]);
  top = warp_reduce<Max>(top);
  float total = 0;
  for (int s = lane; s < partials.splits; s += 32) total += partials.sums[s * partials.rows + at] * weight_of(highest[s * partials.rows], top);
  total = warp_reduce<Sum>(total) + weight_of(sink, top);
  if (a.lse != nullptr && lane == 0 && warp == 0) a.lse[(static_cast<int64_t>(batch) * heads + head) * queries + query] = total == 0 ? -INFINITY : (top + log2f(total)) * kLn2;
  const float inverse = total == 0 ? a.empty_row : 1.0f / total;

  const float* const values = partials.values + static_cast<int64_t>(at) * a.value_dim;
  T* const o = static_cast<T*>(a.o) + offset_of(a.o_strides, batch, query, head);
  for (int64_t first_column = 0; first_column < a.value_dim; first_column += 32 * N) {
    const int64_t column = first_column + lane * N;
    const bool live_column = column < a.value_dim;
    float result[N] = {};
    for (int first = warp; live_column && first < partials.splits; first += kRowWarps * kCombineBatch) {
      float parts[kCombineBatch][N], weights[kCombineBatch];
#pragma unroll
      for (int i = 0; i < kCombineBatch; ++i) {
        const bool live = first + i * kRowWarps < partials.splits;
        const int64_t s = live ? first + i * kRowWarps : first;
        load_floats<float, N>(values + s * partials.rows * a.value_dim + column, parts[i]);
        weights[i] = live ? highest[s * partials.rows] : -INFINITY;
      }
#pragma unroll
      for (int i = 0; i < kCombineBatch; ++i) {
        const float weight = weight_of(weights[i], top) * inverse;
#pragma unroll
        for (int n = 0; n < N; ++n) result[n] = fmaf(weight, parts[i][n], result[n]);
      }
    }
    if constexpr (kRowWarps > 1) {
      store_floats<float, N>(sums[warp][lane].at, result);
      __syncthreads();
#pragma unroll
      for (int w = 1; w < kRowWarps; ++w)
#pragma unroll
        for (int n = 0; n < N; ++n) result[n] += sums[w][lane].at[n];
    }
    if (warp == 0 && live_column) store_floats<T, N>(o + column, result);
    if constexpr (kRowWarps > 1) __syncthreads();  // before the next columns overwrite the sums
  }
}

}  // namespace flashrt
