#include "kernels/core/elementwise.cuh"
#include "kernels/memory/copy.h"

namespace flashrt {
namespace {

struct CastFloat16 {
  const float* x;
  Float16* y;

  template <int N>
  __device__ __forceinline__ Vec<float, N> load(Width<N>, int64_t i) const { return load_vec<float, N>(x + i); }

  template <int N>
  __device__ __forceinline__ void store(Width<N>, int64_t i, const Vec<float, N>& v) const { store_floats<Float16, N>(y + i, v.at); }
};

template <typename T>
struct FillNegInf {
  T* y;
  struct Nothing {};

  template <int N>
  __device__ __forceinline__ Nothing load(Width<N>, int64_t) const { return {}; }

  template <int N>
  __device__ __forceinline__ void store(Width<N>, int64_t i, Nothing) const {
    float v[N];
#pragma unroll
    for (int k = 0; k < N; ++k) v[k] = -INFINITY;
    store_floats<T, N>(y + i, v);
  }
};

}  // namespace

void copy_cuda(const CopyArgs& a, cudaStream_t stream) {
  if (a.bytes == 0) return;
  check_cuda(cudaMemcpyAsync(a.to, a.from, static_cast<size_t>(a.bytes), cudaMemcpyDeviceToDevice, stream), "cudaMemcpyAsync");
}

void cast_float16_cuda(const CastFloat16Args& a, cudaStream_t stream) {
  if (a.count == 0) return;
  constexpr int n = kVecSize<float>;
  map<n>("cast_float16", a.count, is_aligned(a.x, 0, sizeof(float), n) && is_aligned(a.y, 0, sizeof(Float16), n), stream, CastFloat16{a.x, a.y});
}

void fill_neg_inf_cuda(const FillNegInfArgs& a, cudaStream_t stream) {
  if (a.count == 0) return;
  dispatch_float(a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    constexpr int n = kVecSize<T>;
    map<n>("fill_neg_inf", a.count, is_aligned(a.y, 0, sizeof(T), n), stream, FillNegInf<T>{static_cast<T*>(a.y)});
  });
}

}  // namespace flashrt
