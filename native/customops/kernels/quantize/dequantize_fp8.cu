#include "kernels/core/elementwise.cuh"
#include "kernels/quantize/dequantize_fp8.h"

namespace flashrt {
namespace {

template <typename T>
struct DequantizeFp8 {
  const Float8E4M3* x;
  const float* __restrict__ scale;
  T* y;

  template <int N>
  __device__ __forceinline__ Vec<Float8E4M3, N> load(Width<N>, int64_t i) const { return load_vec<Float8E4M3, N>(x + i); }

  template <int N>
  __device__ __forceinline__ void store(Width<N>, int64_t i, const Vec<Float8E4M3, N>& codes) const {
    const float factor = scale == nullptr ? 1.0f : *scale;
    float v[N];
#pragma unroll
    for (int k = 0; k < N; ++k) v[k] = to_float(codes.at[k]) * factor;
    store_floats<T, N>(y + i, v);
  }
};

}  // namespace

void dequantize_fp8_cuda(const DequantizeFp8Args& a, cudaStream_t stream) {
  if (a.count == 0) return;
  dispatch_float(a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    constexpr int n = kVecSize<T>;
    const bool vectorized = is_aligned(a.x, 0, 1, n) && is_aligned(a.y, 0, sizeof(T), n);
    map<n>("dequantize_fp8", a.count, vectorized, stream, DequantizeFp8<T>{a.x, a.scale, static_cast<T*>(a.y)});
  });
}

}  // namespace flashrt
