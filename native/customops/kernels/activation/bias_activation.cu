#include "kernels/activation/bias_activation.h"
#include "kernels/core/divisor.h"
#include "kernels/core/elementwise.cuh"

namespace flashrt {
namespace {

template <typename T, typename Function>
struct BiasActivation {
  const T *x, *bias, *position;
  T* y;
  Divisor cols, rows_per_bias, position_vectors;

  template <int N>
  struct Operands { Vec<T, N> x, bias, position; };

  template <int N>
  __device__ __forceinline__ Operands<N> load(Width<N>, int64_t i) const {
    Operands<N> in;
    in.x = load_vec<T, N>(x + i);
    if (bias == nullptr && position == nullptr) return in;
    const int64_t row = cols.quotient(i), column = i - row * cols.value;
    if (bias != nullptr) in.bias = load_vec<T, N>(bias + rows_per_bias.quotient(row) * cols.value + column);
    if (position != nullptr) in.position = load_vec<T, N>(position + position_vectors.remainder(row) * cols.value + column);
    return in;
  }

  template <int N>
  __device__ __forceinline__ void store(Width<N>, int64_t i, const Operands<N>& in) const {
    float v[N];
#pragma unroll
    for (int k = 0; k < N; ++k) {
      v[k] = to_float(in.x.at[k]);
      if (bias != nullptr) v[k] += to_float(in.bias.at[k]);
      if (position != nullptr) v[k] += to_float(in.position.at[k]);
      v[k] = Function{}(v[k]);
    }
    store_floats<T, N>(y + i, v);
  }
};

}  // namespace

void bias_activation_cuda(const BiasActivationArgs& args, cudaStream_t stream) {
  if (args.rows == 0 || args.cols == 0) return;
  BiasActivationArgs a = args;
  if (a.position == nullptr && (a.bias == nullptr || a.bias_vectors == a.rows)) {  // nothing is spread over rows: one long row
    a.cols *= a.rows;
    a.rows = a.bias_vectors = 1;
  }
  dispatch_float(a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    constexpr int n = kVecSize<T>;
    bool vectorized = true;
    for (const void* p : {a.x, a.bias, a.position, const_cast<const void*>(a.y)})
      vectorized = vectorized && is_aligned(p, a.rows == 1 ? 0 : a.cols, sizeof(T), n);
    dispatch_activation(a.activation, [&](auto activation) {
      map<n>("bias_activation", a.rows * a.cols, vectorized, stream,
             BiasActivation<T, decltype(activation)>{static_cast<const T*>(a.x), static_cast<const T*>(a.bias),
                                                     static_cast<const T*>(a.position), static_cast<T*>(a.y), Divisor(a.cols),
                                                     Divisor(a.rows / a.bias_vectors), Divisor(a.position_vectors)});
    });
  });
}

}  // namespace flashrt
