#include "kernels/activation/softmax_rows.h"
#include "kernels/core/launch.cuh"
#include "kernels/core/reduce.cuh"
#include "kernels/core/vec.cuh"

namespace flashrt {
namespace {

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

/// e^x; for 16-bit results by the hardware's instruction, whose error (2 + |x| ulp of float32) they cannot hold.
template <typename T>
__device__ __forceinline__ float exponential(float x) {
  if constexpr (sizeof(T) == 4) return expf(x);
  else return __expf(x);
}

/// x = exp(x - center); the result is their sum.
template <typename T, int N>
__device__ __forceinline__ float exponentiate(float (&x)[N], float center) {
  float total = 0;
#pragma unroll
  for (int i = 0; i < N; ++i) total += x[i] = exponential<T>(x[i] - center);
  return total;
}

template <typename T, int N>
__device__ __forceinline__ void store_scaled(T* y, float (&x)[N], float factor) {
#pragma unroll
  for (int i = 0; i < N; ++i) x[i] *= factor;
  store_floats<T, N>(y, x);
}

/// The maximum of some elements of a row, and the sum of exp(x - maximum) over them.
struct Share {
  float most, total;
};

template <typename T, int kWidth>
__device__ __forceinline__ Share warp_share(Share own) {
  const float most = warp_reduce<Max, kWidth>(own.most);
  return {most, warp_reduce<Sum, kWidth>(own.total * exponential<T>(own.most - center_of(most)))};
}

/// Of the whole block, with one barrier.
template <typename T>
__device__ __forceinline__ Share block_share(Share own, Share* scratch) {
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = (blockDim.x + 31) >> 5;
  own = warp_share<T, 32>(own);
  if (warps == 1) return own;
  if (lane == 0) scratch[warp] = own;
  __syncthreads();
  return warp_share<T, 32>(lane < warps ? scratch[lane] : Share{-INFINITY, 0.0f});
}

/// A row belongs to a warp or, with kThreads, to a block of at most that many. Each thread keeps kKeep vectors in registers, as
/// exponentials relative to its own maximum until the row's is known. Of a longer row the rest is read again in the second pass. A thread
/// writes only what it has read for the last time.
template <typename T, int N, int kThreads, int kKeep, int kResident>
__global__ void __launch_bounds__(kThreads == 0 ? kWarpBlock : kThreads, kResident) softmax_rows_kernel(const T* x, T* y, int64_t rows, int64_t cols) {
  constexpr bool kWarp = kThreads == 0;
  __shared__ Share scratch[32];
  const int threads = kWarp ? 32 : blockDim.x, thread = kWarp ? threadIdx.x % 32 : threadIdx.x;
  const int64_t row = kWarp ? static_cast<int64_t>(blockIdx.x) * (kWarpBlock / 32) + threadIdx.x / 32 : blockIdx.x;
  const int64_t vectors = row < rows ? cols / N : 0;
  x += row * cols;
  y += row * cols;

  float kept[kKeep][N];
  Share own{-INFINITY, 0.0f};
#pragma unroll
  for (int k = 0; k < kKeep; ++k) {
    const int64_t v = thread + k * threads;
    if (v < vectors) {
      load_floats<T, N>(x + v * N, kept[k]);
      own.most = max_of<N>(kept[k], own.most);
    }
  }
  const float kept_most = own.most;
#pragma unroll
  for (int k = 0; k < kKeep; ++k)
    if (thread + k * threads < vectors) own.total += exponentiate<T, N>(kept[k], center_of(kept_most));
  for (int64_t v = thread + static_cast<int64_t>(kKeep) * threads; v < vectors; v += threads) {
    float r[N];
    load_floats<T, N>(x + v * N, r);
    const float grown = max_of<N>(r, own.most);
    own.total = own.total * exponential<T>(own.most - center_of(grown)) + exponentiate<T, N>(r, center_of(grown));
    own.most = grown;
  }

  Share whole;
  if constexpr (kWarp) whole = warp_share<T, 32>(own);
  else whole = block_share<T>(own, scratch);
  const float center = center_of(whole.most), factor = whole.total == 0 ? 0.0f : 1.0f / whole.total;
  const float kept_factor = factor * exponential<T>(kept_most - center);

#pragma unroll
  for (int k = 0; k < kKeep; ++k) {
    const int64_t v = thread + k * threads;
    if (v < vectors) store_scaled<T, N>(y + v * N, kept[k], kept_factor);
  }
  for (int64_t v = thread + static_cast<int64_t>(kKeep) * threads; v < vectors; v += threads) {
    float r[N];
    load_floats<T, N>(x + v * N, r);
    exponentiate<T, N>(r, center);
    store_scaled<T, N>(y + v * N, r, factor);
  }
}

template <typename T, int N, int kThreads, int kKeep, int kResident>
void launch_plan(const SoftmaxRowsArgs& a, cudaStream_t stream) {
  const int64_t blocks = kThreads == 0 ? ceil_div(a.rows, kWarpBlock / 32) : a.rows;
  check(blocks <= 2147483647, "softmax: too many rows for one launch: ", a.rows);
  const int64_t wanted = ceil_div(ceil_div(a.cols / N, kKeep), 32) * 32;
  const int64_t threads = kThreads == 0 ? kWarpBlock : wanted < kThreads ? wanted : kThreads;
  launch("softmax_rows", softmax_rows_kernel<T, N, kThreads, kKeep, kResident>, {dim3(static_cast<unsigned>(blocks)), dim3(static_cast<unsigned>(threads))},
         stream, static_cast<const T*>(a.x), static_cast<T*>(a.y), a.rows, a.cols);
}

/// A vector or two for each thread while that keeps the block small; with many rows a warp each keeps more of them in flight.
template <typename T, int N>
void launch_rows(const SoftmaxRowsArgs& a, cudaStream_t stream) {
  const int64_t vectors = a.cols / N;
  if (vectors <= 32) launch_plan<T, N, 0, 1, 8>(a, stream);
  else if (vectors <= 128 && a.rows >= 1024) launch_plan<T, N, 0, 4, 6>(a, stream);
  else if (vectors <= 256) launch_plan<T, N, 256, 1, 4>(a, stream);
  else if (vectors <= 1024) launch_plan<T, N, 512, 2, 2>(a, stream);
  else launch_plan<T, N, 512, 4, 2>(a, stream);
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
