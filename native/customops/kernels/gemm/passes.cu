#include "kernels/core/divisor.h"
#include "kernels/core/launch.cuh"
#include "kernels/core/vec.cuh"
#include "kernels/gemm/gemm_kernels.h"

namespace flashrt {
namespace {

constexpr int kThreads = 256;
constexpr int kTile = 64;
constexpr int kBytes = 16;  // of an access

/// A 64 x 64 tile through shared memory. kVector: both extents are multiples of 16 and both pointers are aligned.
template <bool kVector>
__global__ void __launch_bounds__(kThreads) transpose_kernel(const uint8_t* __restrict__ from, uint8_t* __restrict__ to, int64_t rows,
                                                             int64_t cols, int64_t column_tiles) {
  __shared__ __align__(kBytes) uint8_t tile[kTile][kTile + kBytes];
  constexpr int kAccess = kVector ? kBytes : 1, kAcross = kTile / kAccess;
  const int64_t row_begin = blockIdx.x / column_tiles * kTile, column_begin = blockIdx.x % column_tiles * kTile;
  using Access = Vec<uint8_t, kAccess>;
  for (int i = threadIdx.x; i < kTile * kAcross; i += kThreads) {
    const int r = i / kAcross, c = i % kAcross * kAccess;
    if (row_begin + r >= rows || column_begin + c >= cols) continue;
    const Access v = *reinterpret_cast<const Access*>(from + (row_begin + r) * cols + column_begin + c);
#pragma unroll
    for (int k = 0; k < kAccess; ++k) tile[c + k][r] = v.at[k];
  }
  __syncthreads();
  for (int i = threadIdx.x; i < kTile * kAcross; i += kThreads) {
    const int c = i / kAcross, r = i % kAcross * kAccess;
    if (row_begin + r >= rows || column_begin + c >= cols) continue;
    *reinterpret_cast<Access*>(to + (column_begin + c) * rows + row_begin + r) = *reinterpret_cast<const Access*>(&tile[c][r]);
  }
}

/// N consecutive elements of a row for each step.
template <typename Acc, typename T, int N>
__global__ void __launch_bounds__(kThreads) finish_kernel(const Epilogue e, const Acc* acc, int64_t steps, const Divisor row_steps, int64_t n) {
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < steps; i += static_cast<int64_t>(gridDim.x) * kThreads) {
    const int64_t row = row_steps.quotient(i), column = (i - row * row_steps.value) * N, index = row * n + column;
    const auto sums = *reinterpret_cast<const Vec<Acc, N>*>(acc + index);
    float v[N], operand[N];
#pragma unroll
    for (int k = 0; k < N; ++k) v[k] = descale(e, static_cast<float>(sums.at[k]), row, column + k);
    if (e.bias != nullptr) {
      load_floats<T, N>(static_cast<const T*>(e.bias) + column, operand);
#pragma unroll
      for (int k = 0; k < N; ++k) v[k] += operand[k];
    }
    if (e.activation != Activation::none) {
#pragma unroll
      for (int k = 0; k < N; ++k) v[k] = activate(e.activation, v[k]);
    }
    if (e.softcap > 0) {
#pragma unroll
      for (int k = 0; k < N; ++k) v[k] = capped(e.softcap, v[k]);
    }
    if (e.c != nullptr) {
      load_floats<T, N>(static_cast<const T*>(e.c) + index, operand);
#pragma unroll
      for (int k = 0; k < N; ++k) v[k] += e.beta * operand[k];
    }
    store_floats<T, N>(static_cast<T*>(e.d) + index, v);
  }
}

template <typename Acc, typename T>
void launch_finish(const Epilogue& e, const void* acc, int64_t m, int64_t n, cudaStream_t stream) {
  constexpr int kWide = 4;
  bool wide = is_aligned(acc, n, sizeof(Acc), kWide);
  for (const void* pointer : {e.bias, e.c, const_cast<const void*>(e.d)}) wide = wide && is_aligned(pointer, n, sizeof(T), kWide);
  const int64_t steps = m * (wide ? n / kWide : n);
  launch("gemm_epilogue", wide ? finish_kernel<Acc, T, kWide> : finish_kernel<Acc, T, 1>, {dim3(grid_for(steps, kThreads)), dim3(kThreads)}, stream,
         e, static_cast<const Acc*>(acc), steps, Divisor(wide ? n / kWide : n), n);
}

}  // namespace

void transpose_bytes_cuda(const uint8_t* from, uint8_t* to, int64_t rows, int64_t cols, cudaStream_t stream) {
  const bool vector = is_aligned(from, cols, 1, kBytes) && is_aligned(to, rows, 1, kBytes);
  const int64_t row_tiles = ceil_div(rows, kTile), column_tiles = ceil_div(cols, kTile);
  check(row_tiles * column_tiles <= 2147483647, "matrix product: operand of ", rows, " x ", cols, " is too large to transpose");
  launch("transpose_bytes", vector ? transpose_kernel<true> : transpose_kernel<false>,
         {dim3(static_cast<unsigned>(row_tiles * column_tiles)), dim3(kThreads)}, stream, from, to, rows, cols, column_tiles);
}

void finish_cuda(const Epilogue& e, const void* acc, bool integer, int64_t m, int64_t n, cudaStream_t stream) {
  dispatch_float(e.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if (integer) launch_finish<int32_t, T>(e, acc, m, n, stream);
    else launch_finish<float, T>(e, acc, m, n, stream);
  });
}

}  // namespace flashrt
