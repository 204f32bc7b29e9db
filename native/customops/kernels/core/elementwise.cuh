// Elementwise kernels: an op is a functor, the loop, the vector access and the tail are here.
#pragma once

#include <type_traits>

#include "kernels/core/launch.cuh"
#include "kernels/core/vec.cuh"

namespace flashrt {

/// The number of elements of one step, as a type: a functor learns from it whether it may use vector access.
template <int N>
using Width = std::integral_constant<int, N>;

template <typename T, int N>
__device__ __forceinline__ Vec<T, N> load_vec(const T* from) {
  return *reinterpret_cast<const Vec<T, N>*>(from);
}

template <typename T, int N>
__device__ __forceinline__ void store_vec(T* to, const Vec<T, N>& v) {
  *reinterpret_cast<Vec<T, N>*>(to) = v;
}

/// Steps of N elements over [0, vectors * N), then single elements up to `count`. Two steps are loaded before the first is stored,
/// which keeps more memory traffic in flight; a step reads its operands before it writes, so an output may be an input's buffer.
template <int N, typename Functor>
__global__ void __launch_bounds__(256) map_kernel(int64_t vectors, int64_t count, const __grid_constant__ Functor f) {
  const int64_t thread = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  const int64_t threads = static_cast<int64_t>(gridDim.x) * blockDim.x;
  int64_t v = thread;
  for (; v + threads < vectors; v += 2 * threads) {
    const auto first = f.load(Width<N>{}, v * N);
    const auto second = f.load(Width<N>{}, (v + threads) * N);
    f.store(Width<N>{}, v * N, first);
    f.store(Width<N>{}, (v + threads) * N, second);
  }
  if (v < vectors) f.store(Width<N>{}, v * N, f.load(Width<N>{}, v * N));
  for (int64_t i = vectors * N + thread; i < count; i += threads) f.store(Width<1>{}, i, f.load(Width<1>{}, i));
}

/// Runs `f` over the elements [0, count). The functor has
///   load(Width<N>, int64_t i) -> the operands of elements i .. i + N - 1, as they are in memory
///   store(Width<N>, int64_t i, operands)   computes and writes them
/// for N and for 1. Without `vectorized` every element goes on its own.
template <int N, typename Functor>
void map(const char* name, int64_t count, bool vectorized, cudaStream_t stream, const Functor& f) {
  constexpr int kThreads = 256;
  const int64_t vectors = vectorized ? count / N : 0;
  launch(name, map_kernel<N, Functor>, {dim3(grid_for(vectors > 0 ? vectors : count, kThreads)), dim3(kThreads)}, stream, vectors, count, f);
}

}  // namespace flashrt
