#include "kernels/core/launch.cuh"
#include "kernels/core/reduce.cuh"
#include "kernels/core/vec.cuh"
#include "kernels/gemm/gemm_kernels.h"

namespace flashrt {
namespace {

constexpr int kWarps = 8, kThreads = 32 * kWarps;
constexpr int kBytes = 16;  // weights of one load of one lane
/// Warps that keep the memory system of the largest devices busy (132 multiprocessors, 32 warps each).
constexpr int64_t kFullDevice = 4224;

__device__ __forceinline__ void load_weights(const Float8E4M3* from, float (&to)[kBytes]) {
  const uint4 raw = *reinterpret_cast<const uint4*>(from);
  const uint32_t words[4] = {raw.x, raw.y, raw.z, raw.w};
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    const auto pair = static_cast<__nv_fp8x2_storage_t>(words[i / 2] >> (i % 2 * 16));
    const float2 v = __half22float2(__half2(__nv_cvt_fp8x2_to_halfraw2(pair, __NV_E4M3)));
    to[2 * i] = v.x;
    to[2 * i + 1] = v.y;
  }
}

template <typename T>
__device__ __forceinline__ void load_row(const T* from, float (&to)[kBytes]) {
  constexpr int n = kVecSize<T>;
#pragma unroll
  for (int i = 0; i < kBytes; i += n) {
    float part[n];
    load_floats<T, n>(from + i, part);
#pragma unroll
    for (int k = 0; k < n; ++k) to[i + k] = part[k];
  }
}

/// A group of `splits` warps owns kColumns columns of d; each takes its share of k. kRows >= m rows are computed, the last ones twice
/// where m is smaller.
template <typename T, int kRows, int kColumns>
__global__ void __launch_bounds__(kThreads) weight_gemv_kernel(const WeightGemvArgs g, int splits) {
  static_assert(kRows * kColumns <= 32, "each lane finishes one element");
  __shared__ float parts[kWarps][32];
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, part = warp % splits;
  const int64_t column = (static_cast<int64_t>(blockIdx.x) * (kWarps / splits) + warp / splits) * kColumns;
  const int last_row = static_cast<int>(g.m) - 1;

  float sums[kRows][kColumns] = {};
  for (int64_t k = (part * 32 + lane) * kBytes; k < g.k; k += static_cast<int64_t>(splits) * 32 * kBytes) {
    float weights[kColumns][kBytes];
#pragma unroll
    for (int c = 0; c < kColumns; ++c) load_weights(g.b + (column + c < g.n ? column + c : g.n - 1) * g.k + k, weights[c]);
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
      float x[kBytes];
      load_row<T>(static_cast<const T*>(g.a) + (r < last_row ? r : last_row) * g.k + k, x);
#pragma unroll
      for (int c = 0; c < kColumns; ++c)
#pragma unroll
        for (int i = 0; i < kBytes; ++i) sums[r][c] += x[i] * weights[c][i];
    }
  }

  float mine = 0;  // lane r * kColumns + c holds element (r, c)
#pragma unroll
  for (int r = 0; r < kRows; ++r)
#pragma unroll
    for (int c = 0; c < kColumns; ++c) {
      const float sum = warp_reduce<Sum>(sums[r][c]);
      if (lane == r * kColumns + c) mine = sum;
    }
  if (splits > 1) {
    parts[warp][lane] = mine;
    __syncthreads();
    if (part != 0) return;
    for (int p = 1; p < splits; ++p) mine += parts[warp + p][lane];
  }
  const int row = lane / kColumns, offset = lane % kColumns;
  if (row < g.m && column + offset < g.n && lane < kRows * kColumns)
    finish<T>(g.epilogue, mine, row, column + offset, row * g.n + column + offset);
}

template <typename T, int kRows, int kColumns>
void launch_gemv(const WeightGemvArgs& g, cudaStream_t stream) {
  const int64_t groups = ceil_div(g.n, kColumns), steps = ceil_div(g.k, 32 * kBytes);
  int splits = 1;
  while (splits < kWarps && groups * splits < kFullDevice && steps / splits >= 2) splits *= 2;
  const int64_t blocks = ceil_div(groups, kWarps / splits);
  check(blocks <= 2147483647, "matrix product: too many columns: ", g.n);
  launch("weight_gemv", weight_gemv_kernel<T, kRows, kColumns>, {dim3(static_cast<unsigned>(blocks)), dim3(kThreads)}, stream, g, splits);
}

}  // namespace

bool weight_gemv_takes(const WeightGemvArgs& g) {
  return g.m <= kWeightGemvRows && g.epilogue.dtype == g.type && is_aligned(g.b, g.k, 1, kBytes) &&
         is_aligned(g.a, g.k, size_of(g.type), kBytes / static_cast<int>(size_of(g.type)));
}

void weight_gemv_cuda(const WeightGemvArgs& g, cudaStream_t stream) {
  dispatch_float(g.type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if (g.m <= 1) launch_gemv<T, 1, 4>(g, stream);
    else if (g.m <= 2) launch_gemv<T, 2, 4>(g, stream);
    else if (g.m <= 4) launch_gemv<T, 4, 4>(g, stream);
    else if (g.m <= 8) launch_gemv<T, 8, 2>(g, stream);
    else launch_gemv<T, 16, 2>(g, stream);
  });
}

}  // namespace flashrt
