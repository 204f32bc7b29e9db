#include <type_traits>

#include "kernels/core/launch.cuh"
#include "kernels/core/reduce.cuh"
#include "kernels/core/vec.cuh"
#include "kernels/quantize/codes.h"
#include "kernels/quantize/quantize8.h"

namespace flashrt {
namespace {

constexpr int kThreads = 256;
/// Vectors that a thread loads before it stores the first: enough loads in flight to cover the latency of device memory.
constexpr int kUnroll = 4;

template <typename T, int N>
__device__ __forceinline__ float amax_of(const T* x) {
  float v[N], amax = 0;
  load_floats<T, N>(x, v);
#pragma unroll
  for (int i = 0; i < N; ++i) amax = fmaxf(amax, fabsf(v[i]));
  return amax;
}

/// Largest magnitude among the elements that `thread` of `threads` visits, N at a time and then one at a time.
template <typename T, int N>
__device__ __forceinline__ float strided_amax(const T* x, int64_t count, int64_t thread, int64_t threads) {
  const int64_t vectors = count / N;
  float amax = 0;
  for (int64_t v = thread; v < vectors; v += kUnroll * threads) {
#pragma unroll
    for (int u = 0; u < kUnroll; ++u)
      if (v + u * threads < vectors) amax = fmaxf(amax, amax_of<T, N>(x + (v + u * threads) * N));
  }
  for (int64_t i = vectors * N + thread; i < count; i += threads) amax = fmaxf(amax, amax_of<T, 1>(x + i));
  return amax;
}

template <typename T, typename Code, int N>
__device__ __forceinline__ void store_codes(Code* y, const float (&v)[N], float inverse, bool clamped) {
  Vec<Code, N> codes;
#pragma unroll
  for (int i = 0; i < N; ++i) {
    if constexpr (std::is_same_v<Code, Float8E4M3>) codes.at[i] = clamped ? encode<Code>(v[i] * inverse) : from_float<Float8E4M3>(v[i]);
    else codes.at[i] = encode<Code>(v[i] * inverse);
  }
  *reinterpret_cast<Vec<Code, N>*>(y) = codes;
}

template <typename T, typename Code, int N>
__device__ __forceinline__ void strided_encode(const T* x, Code* y, int64_t count, int64_t thread, int64_t threads, float inverse, bool clamped) {
  const int64_t vectors = count / N;
  for (int64_t v = thread; v < vectors; v += kUnroll * threads) {
    float in[kUnroll][N];
#pragma unroll
    for (int u = 0; u < kUnroll; ++u)
      if (v + u * threads < vectors) load_floats<T, N>(x + (v + u * threads) * N, in[u]);
#pragma unroll
    for (int u = 0; u < kUnroll; ++u)
      if (v + u * threads < vectors) store_codes<T, Code, N>(y + (v + u * threads) * N, in[u], inverse, clamped);
  }
  for (int64_t i = vectors * N + thread; i < count; i += threads) {
    float in[1];
    load_floats<T, 1>(x + i, in);
    store_codes<T, Code, 1>(y + i, in, inverse, clamped);
  }
}

template <typename T, int N>
__global__ void __launch_bounds__(kThreads) amax_kernel(const T* x, int64_t count, float* partials) {
  __shared__ float scratch[32];
  const int64_t thread = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  const float amax = block_reduce<Max>(strided_amax<T, N>(x, count, thread, static_cast<int64_t>(gridDim.x) * kThreads), scratch);
  if (threadIdx.x == 0) partials[blockIdx.x] = amax;
}

/// `measured` is the number of partial maxima; every block reduces them again, which saves a launch.
template <typename T, typename Code, int N>
__global__ void __launch_bounds__(kThreads) quantize_kernel(const Quantize8Args a, int measured) {
  __shared__ float scratch[32];
  float scale = 1;
  if (a.scaling == Scaling::given) scale = fmaxf(*a.scale, 1e-12f);
  if (a.scaling == Scaling::tensor) {
    float amax = 0;
    for (int i = threadIdx.x; i < measured; i += kThreads) amax = fmaxf(amax, a.partials[i]);
    scale = scale_for<Code>(block_reduce<Max>(amax, scratch));
  }
  const int64_t thread = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (thread == 0 && a.scale_out != nullptr) *a.scale_out = scale;
  strided_encode<T, Code, N>(static_cast<const T*>(a.x), static_cast<Code*>(a.y), a.rows * a.cols, thread,
                             static_cast<int64_t>(gridDim.x) * kThreads, 1.0f / scale, a.scaling != Scaling::unit);
}

/// A block for each row; the second pass finds the row in the cache.
template <typename T, typename Code, int N>
__global__ void __launch_bounds__(kThreads) quantize_rows_kernel(const Quantize8Args a) {
  __shared__ float scratch[32];
  const int64_t row = blockIdx.x;
  const T* x = static_cast<const T*>(a.x) + row * a.cols;
  const float scale = scale_for<Code>(block_reduce<Max>(strided_amax<T, N>(x, a.cols, threadIdx.x, blockDim.x), scratch));
  if (threadIdx.x == 0 && a.scale_out != nullptr) a.scale_out[row] = scale;
  strided_encode<T, Code, N>(x, static_cast<Code*>(a.y) + row * a.cols, a.cols, threadIdx.x, blockDim.x, 1.0f / scale, true);
}

template <typename T, typename Code, int N>
void launch_quantize(const Quantize8Args& a, cudaStream_t stream) {
  const int64_t count = a.rows * a.cols;
  if (a.scaling == Scaling::token) {
    check(a.rows <= 2147483647, "quantisation by token: too many rows: ", a.rows);
    const int64_t threads = ceil_div(ceil_div(a.cols, N), 32) * 32;
    const dim3 block(static_cast<unsigned>(threads < 32 ? 32 : threads < kThreads ? threads : kThreads));
    launch("quantize_rows", quantize_rows_kernel<T, Code, N>, {dim3(static_cast<unsigned>(a.rows)), block}, stream, a);
    return;
  }
  const int64_t vectors = ceil_div(count, N);
  int measured = 0;
  if (a.scaling == Scaling::tensor && count > 0) {
    measured = static_cast<int>(grid_for(vectors, kThreads, kQuantize8Partials));
    launch("amax", amax_kernel<T, N>, {dim3(measured), dim3(kThreads)}, stream, static_cast<const T*>(a.x), count, a.partials);
  }
  const unsigned blocks = grid_for(vectors, kThreads * kUnroll);
  // An empty tensor still has a scale to report.
  const bool reports = a.scale_out != nullptr;
  launch("quantize", quantize_kernel<T, Code, N>, {dim3(blocks == 0 && reports ? 1 : blocks), dim3(kThreads)}, stream, a, measured);
}

}  // namespace

void quantize8_cuda(const Quantize8Args& a, cudaStream_t stream) {
  dispatch_float(a.dtype, [&](auto tag) {
    dispatch_code(a.code, [&](auto code) {
      using T = typename decltype(tag)::type;
      using Code = typename decltype(code)::type;
      constexpr int n = kVecSize<T>;
      // Only rows on their own need a pitch that keeps them aligned.
      const int64_t pitch = a.scaling == Scaling::token ? a.cols : 0;
      if (is_aligned(a.x, pitch, sizeof(T), n) && is_aligned(a.y, pitch, 1, n)) launch_quantize<T, Code, n>(a, stream);
      else launch_quantize<T, Code, 1>(a, stream);
    });
  });
}

}  // namespace flashrt
