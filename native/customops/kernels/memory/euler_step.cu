#include "kernels/core/elementwise.cuh"
#include "kernels/memory/euler_step.h"

namespace flashrt {
namespace {

template <typename T>
struct EulerStep {
  const float* actions;
  const T* velocity;
  float* y;
  float dt;

  template <int N>
  struct Operands { Vec<float, N> actions; Vec<T, N> velocity; };

  template <int N>
  __device__ __forceinline__ Operands<N> load(Width<N>, int64_t i) const {
    return {load_vec<float, N>(actions + i), load_vec<T, N>(velocity + i)};
  }

  template <int N>
  __device__ __forceinline__ void store(Width<N>, int64_t i, const Operands<N>& in) const {
    float v[N];
#pragma unroll
    for (int k = 0; k < N; ++k) v[k] = in.actions.at[k] + dt * to_float(in.velocity.at[k]);
    store_floats<float, N>(y + i, v);
  }
};

}  // namespace

void euler_step_cuda(const EulerStepArgs& a, cudaStream_t stream) {
  if (a.count == 0) return;
  dispatch_float(a.velocity_dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    constexpr int n = kVecSize<float>;
    const bool vectorized = is_aligned(a.actions, 0, sizeof(float), n) && is_aligned(a.y, 0, sizeof(float), n) && is_aligned(a.velocity, 0, sizeof(T), n);
    map<n>("euler_step", a.count, vectorized, stream, EulerStep<T>{a.actions, static_cast<const T*>(a.velocity), a.y, a.dt});
  });
}

}  // namespace flashrt
