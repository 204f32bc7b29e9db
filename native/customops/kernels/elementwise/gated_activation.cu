#include "kernels/core/divisor.h"
#include "kernels/core/elementwise.cuh"
#include "kernels/elementwise/gated_activation.h"

namespace flashrt {
namespace {

template <typename T, typename Function>
struct GatedActivation {
  const T *gate, *up;
  T* y;
  Float8E4M3* y_quantized;
  const float* quant_scale;
  Divisor cols;
  int64_t gap;  // elements between the end of a row and the start of the next

  template <int N>
  struct Operands { Vec<T, N> gate, up; };

  template <int N>
  __device__ __forceinline__ Operands<N> load(Width<N>, int64_t i) const {
    const int64_t from = gap == 0 ? i : i + cols.quotient(i) * gap;
    return {load_vec<T, N>(gate + from), load_vec<T, N>(up + from)};
  }

  template <int N>
  __device__ __forceinline__ void store(Width<N>, int64_t i, const Operands<N>& in) const {
    float v[N];
#pragma unroll
    for (int k = 0; k < N; ++k) v[k] = Function{}(to_float(in.gate.at[k])) * to_float(in.up.at[k]);
    if (y != nullptr) return store_floats<T, N>(y + i, v);
    if (quant_scale != nullptr) {
      const float inverse = inverse_scale(*quant_scale);
#pragma unroll
      for (int k = 0; k < N; ++k) v[k] = clamp_float8(v[k] * inverse);
    }
    store_floats<Float8E4M3, N>(y_quantized + i, v);
  }
};

}  // namespace

void gated_activation_cuda(const GatedActivationArgs& args, cudaStream_t stream) {
  if (args.rows == 0 || args.cols == 0) return;
  GatedActivationArgs a = args;
  if (a.pitch == a.cols) {  // no gaps: one long row
    a.pitch = a.cols *= a.rows;
    a.rows = 1;
  }
  dispatch_float(a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    constexpr int n = kVecSize<T>;
    const auto aligned = [&](const void* p, int64_t pitch, int64_t size) { return is_aligned(p, a.rows == 1 ? 0 : pitch, size, n); };
    const bool vectorized = aligned(a.gate, a.pitch, sizeof(T)) && aligned(a.up, a.pitch, sizeof(T)) && aligned(a.y, a.cols, sizeof(T)) &&
                            aligned(a.y_quantized, a.cols, 1);
    dispatch_activation(a.activation, [&](auto activation) {
      map<n>("gated_activation", a.rows * a.cols, vectorized, stream,
             GatedActivation<T, decltype(activation)>{static_cast<const T*>(a.gate), static_cast<const T*>(a.up), static_cast<T*>(a.y),
                                                      a.y_quantized, a.quant_scale, Divisor(a.cols), a.rows == 1 ? 0 : a.pitch - a.cols});
    });
  });
}

}  // namespace flashrt
