#include "kernels/activation/softmax_rows.h"
#include "kernels/core/launch.cuh"
#include "kernels/core/reduce.cuh"
#include "kernels/core/vec.cuh"

namespace flashrt {
namespace {

/// Vectors of a row that one thread keeps in registers; the rest of a longer row is read twice.
constexpr int kCached = 4;
constexpr int kMaxThreads = 512;
/// Short rows go several to a block of this size, a warp each.
constexpr int kWarpBlock = 128;

/// -infinity stands for "nothing yet", or for a row without any finite value. It may not be subtracted from itself.
__device__ __forceinline__ float center_of(float most) { return most == -INFINITY ? 0.0f : most; }

template <int N>
__device__ __forceinline__ float max_of(const float (&x)[N], float most) {
#pragma unroll
  for (int i = 0; i < N; ++i) most = fmaxf(most, x[i]);
  return most;
}

/// x = exp(x - center); the result is their sum.
template <int N>
__device__ __forceinline__ float exponentiate(float (&x)[N], float center) {
  float total = 0;
#pragma unroll
  for (int i = 0; i < N; ++i) total += x[i] = expf(x[i] - center);
  return total;
}

template <typename T, int N>
__device__ __forceinline__ void store_scaled(T* y, float (&x)[N], float factor) {
#pragma unroll
  for (int i = 0; i < N; ++i) x[i] *= factor;
  store_floats<T, N>(y, x);
}

/// A row belongs to a warp or to the whole block. What fits in registers is read once; beyond that the maximum and the sum are kept
/// online in the first pass, and the second pass reads again. A thread writes only what it has read for the last time.
template <typename T, int N, bool kWarp>
__global__ void __launch_bounds__(kWarp ? kWarpBlock : kMaxThreads) softmax_rows_kernel(const T* x, T* y, int64_t rows, int64_t cols) {
  __shared__ float scratch[32];
  const int threads = kWarp ? 32 : blockDim.x, thread = kWarp ? threadIdx.x % 32 : threadIdx.x;
  const int64_t row = kWarp ? static_cast<int64_t>(blockIdx.x) * (kWarpBlock / 32) + threadIdx.x / 32 : blockIdx.x;
  const int64_t vectors = row < rows ? cols / N : 0;
  x += row * cols;
  y += row * cols;
  const auto reduce = [&](float value, auto op) {
    if constexpr (kWarp) return warp_reduce(value, op);
    else return block_reduce(value, scratch, op);
  };

  float kept[kCached][N], most = -INFINITY;
#pragma unroll
  for (int k = 0; k < kCached; ++k) {
    const int64_t v = thread + k * threads;
    if (v < vectors) {
      load_floats<T, N>(x + v * N, kept[k]);
      most = max_of<N>(kept[k], most);
    }
  }
  float rest_most = -INFINITY, rest_total = 0;
  for (int64_t v = thread + static_cast<int64_t>(kCached) * threads; v < vectors; v += threads) {
    float r[N];
    load_floats<T, N>(x + v * N, r);
    const float grown = max_of<N>(r, rest_most);
    rest_total = rest_total * expf(rest_most - center_of(grown)) + exponentiate<N>(r, center_of(grown));
    rest_most = grown;
  }

  const float center = center_of(reduce(fmaxf(most, rest_most), Max{}));
  float total = rest_total * expf(rest_most - center);
#pragma unroll
  for (int k = 0; k < kCached; ++k)
    if (thread + k * threads < vectors) total += exponentiate<N>(kept[k], center);
  total = reduce(total, Sum{});
  const float factor = total == 0 ? 0.0f : 1.0f / total;

#pragma unroll
  for (int k = 0; k < kCached; ++k) {
    const int64_t v = thread + k * threads;
    if (v < vectors) store_scaled<T, N>(y + v * N, kept[k], factor);
  }
  for (int64_t v = thread + static_cast<int64_t>(kCached) * threads; v < vectors; v += threads) {
    float r[N];
    load_floats<T, N>(x + v * N, r);
    exponentiate<N>(r, center);
    store_scaled<T, N>(y + v * N, r, factor);
  }
}

template <typename T, int N>
void launch_rows(const SoftmaxRowsArgs& a, cudaStream_t stream) {
  const int64_t vectors = a.cols / N;
  const bool warp = vectors <= 32 || (vectors <= 32 * kCached && a.rows >= 1024);
  const int64_t blocks = warp ? ceil_div(a.rows, kWarpBlock / 32) : a.rows;
  check(blocks <= 2147483647, "softmax: too many rows for one launch: ", a.rows);
  const dim3 grid(static_cast<unsigned>(blocks));
  const auto* x = static_cast<const T*>(a.x);
  auto* y = static_cast<T*>(a.y);
  if (warp) return launch("softmax_rows", softmax_rows_kernel<T, N, true>, {grid, dim3(kWarpBlock)}, stream, x, y, a.rows, a.cols);
  // A vector or two for each thread while that keeps the block small, then up to kCached.
  const int64_t threads = ceil_div(ceil_div(vectors, vectors <= 256 ? 1 : vectors <= 1024 ? 2 : kCached), 32) * 32;
  launch("softmax_rows", softmax_rows_kernel<T, N, false>, {grid, dim3(static_cast<unsigned>(threads < kMaxThreads ? threads : kMaxThreads))},
         stream, x, y, a.rows, a.cols);
}

}  // namespace

void softmax_rows_cuda(const SoftmaxRowsArgs& a, cudaStream_t stream) {
  if (a.rows == 0 || a.cols == 0) return;
  dispatch_float(a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    constexpr int n = kVecSize<T>;
    if (is_aligned(a.x, a.cols, sizeof(T), n) && is_aligned(a.y, a.cols, sizeof(T), n)) launch_rows<T, n>(a, stream);
    else launch_rows<T, 1>(a, stream);
  });
}

}  // namespace flashrt
