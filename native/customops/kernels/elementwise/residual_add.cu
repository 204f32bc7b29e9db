#include "kernels/core/divisor.h"
#include "kernels/core/elementwise.cuh"
#include "kernels/elementwise/residual_add.h"

namespace flashrt {
namespace {

template <typename T>
struct ResidualAdd {
  const T *residual, *x, *gate, *bias;
  T* y;
  Divisor cols, rows_per_gate;

  template <int N>
  struct Operands { Vec<T, N> residual, x, gate, bias; };

  template <int N>
  __device__ __forceinline__ Operands<N> load(Width<N>, int64_t i) const {
    Operands<N> in;
    in.residual = load_vec<T, N>(residual + i);
    in.x = load_vec<T, N>(x + i);
    if (gate == nullptr && bias == nullptr) return in;
    const int64_t row = cols.quotient(i), column = i - row * cols.value;
    if (gate != nullptr) in.gate = load_vec<T, N>(gate + rows_per_gate.quotient(row) * cols.value + column);
    if (bias != nullptr) in.bias = load_vec<T, N>(bias + column);
    return in;
  }

  template <int N>
  __device__ __forceinline__ void store(Width<N>, int64_t i, const Operands<N>& in) const {
    float v[N];
#pragma unroll
    for (int k = 0; k < N; ++k) {
      const float base = to_float(in.residual.at[k]), b = bias != nullptr ? to_float(in.bias.at[k]) : 0.0f;
      v[k] = to_float(in.x.at[k]);
      v[k] = gate != nullptr ? base + (v[k] + b) * to_float(in.gate.at[k]) : base + v[k] + b;
    }
    store_floats<T, N>(y + i, v);
  }
};

}  // namespace

void residual_add_cuda(const ResidualAddArgs& args, cudaStream_t stream) {
  if (args.rows == 0 || args.cols == 0) return;
  ResidualAddArgs a = args;
  if (a.bias == nullptr && (a.gate == nullptr || a.gate_vectors == a.rows)) {  // nothing is spread over rows: one long row
    a.cols *= a.rows;
    a.rows = a.gate_vectors = 1;
  }
  dispatch_float(a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    constexpr int n = kVecSize<T>;
    bool vectorized = true;
    for (const void* p : {a.residual, a.x, a.gate, a.bias, const_cast<const void*>(a.y)})
      vectorized = vectorized && is_aligned(p, a.rows == 1 ? 0 : a.cols, sizeof(T), n);
    map<n>("residual_add", a.rows * a.cols, vectorized, stream,
           ResidualAdd<T>{static_cast<const T*>(a.residual), static_cast<const T*>(a.x), static_cast<const T*>(a.gate),
                          static_cast<const T*>(a.bias), static_cast<T*>(a.y), Divisor(a.cols), Divisor(a.rows / a.gate_vectors)});
  });
}

}  // namespace flashrt
