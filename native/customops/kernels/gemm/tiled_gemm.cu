#include <type_traits>

#include "kernels/core/launch.cuh"
#include "kernels/gemm/gemm_kernels.h"

namespace flashrt {
namespace {

constexpr int kTile = 64, kDepth = 16;   // a block computes 64 x 64 of d and goes 16 deep at a time
constexpr int kSide = 16, kEach = kTile / kSide;  // 16 x 16 threads, each with 4 x 4 elements, kSide apart
constexpr int kThreads = kSide * kSide;

template <typename Acc, typename T>
__device__ __forceinline__ Acc widen(T value) {
  if constexpr (std::is_same_v<T, int8_t>) return value;
  else return to_float(value);
}

/// The device-side dispatch over the type of d; the branch is the same for every thread.
template <typename Body>
__device__ __forceinline__ void dispatch_output(DType type, Body&& body) {
  if (type == DType::f16) body(Tag<Float16>{});
  else if (type == DType::bf16) body(Tag<BFloat16>{});
  else body(Tag<float>{});
}

template <typename Acc, typename A, typename B>
__global__ void __launch_bounds__(kThreads) tiled_gemm_kernel(const TiledGemmArgs g, int64_t column_tiles) {
  __shared__ Acc tile_a[kDepth][kTile + 1], tile_b[kDepth][kTile + 1];
  const A* a = static_cast<const A*>(g.a);
  const B* b = static_cast<const B*>(g.b);
  const int64_t row_begin = blockIdx.x / column_tiles * kTile, column_begin = blockIdx.x % column_tiles * kTile;
  const int x = threadIdx.x % kSide, y = threadIdx.x / kSide;
  Acc sums[kEach][kEach] = {};
  for (int64_t depth = 0; depth < g.k; depth += kDepth) {
    for (int i = threadIdx.x; i < kTile * kDepth; i += kThreads) {
      const int r = i / kDepth, d = i % kDepth;
      const bool inside = row_begin + r < g.m && depth + d < g.k;
      tile_a[d][r] = inside ? widen<Acc>(a[(row_begin + r) * g.k + depth + d]) : Acc{0};
      // Neighbouring threads read neighbouring elements of b in either layout.
      const int bd = g.transposed_b ? d : i / kTile, c = g.transposed_b ? r : i % kTile;
      const bool b_inside = column_begin + c < g.n && depth + bd < g.k;
      const int64_t at = g.transposed_b ? (column_begin + c) * g.k + depth + bd : (depth + bd) * g.n + column_begin + c;
      tile_b[bd][c] = b_inside ? widen<Acc>(b[at]) : Acc{0};
    }
    __syncthreads();
#pragma unroll
    for (int d = 0; d < kDepth; ++d) {
      Acc left[kEach], right[kEach];
#pragma unroll
      for (int i = 0; i < kEach; ++i) {
        left[i] = tile_a[d][y + i * kSide];
        right[i] = tile_b[d][x + i * kSide];
      }
#pragma unroll
      for (int i = 0; i < kEach; ++i)
#pragma unroll
        for (int j = 0; j < kEach; ++j) sums[i][j] += left[i] * right[j];
    }
    __syncthreads();
  }
  dispatch_output(g.epilogue.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
#pragma unroll
    for (int i = 0; i < kEach; ++i)
#pragma unroll
      for (int j = 0; j < kEach; ++j) {
        const int64_t row = row_begin + y + i * kSide, column = column_begin + x + j * kSide;
        if (row < g.m && column < g.n) finish<T>(g.epilogue, static_cast<float>(sums[i][j]), row, column, row * g.n + column);
      }
  });
}

template <typename Acc, typename A, typename B>
void launch_tiles(const TiledGemmArgs& g, cudaStream_t stream) {
  const int64_t column_tiles = ceil_div(g.n, kTile), tiles = ceil_div(g.m, kTile) * column_tiles;
  check(tiles <= 2147483647, "matrix product: output of ", g.m, " x ", g.n, " is too large");
  launch("tiled_gemm", tiled_gemm_kernel<Acc, A, B>, {dim3(static_cast<unsigned>(tiles)), dim3(kThreads)}, stream, g, column_tiles);
}

}  // namespace

void tiled_gemm_cuda(const TiledGemmArgs& g, cudaStream_t stream) {
  if (g.a_type == DType::i8) return launch_tiles<int32_t, int8_t, int8_t>(g, stream);
  if (g.a_type == DType::f8e4m3) return launch_tiles<float, Float8E4M3, Float8E4M3>(g, stream);
  dispatch_float(g.a_type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if (g.b_type == DType::f8e4m3) launch_tiles<float, T, Float8E4M3>(g, stream);
    else launch_tiles<float, T, T>(g, stream);
  });
}

}  // namespace flashrt
