#include "kernels/core/divisor.h"
#include "kernels/core/elementwise.cuh"
#include "kernels/rope/timestep_embedding.h"

namespace flashrt {
namespace {

/// Element i is the angle i % half of row i / half: one reduction of the argument gives its sine and its cosine.
template <typename T>
struct TimestepEmbedding {
  const float* __restrict__ timesteps;
  const float* __restrict__ frequencies;
  T* y;
  Divisor half;
  float scale;
  bool cosine_first;

  struct Angle { int64_t at; float radians; };

  template <int N>
  __device__ __forceinline__ Angle load(Width<N>, int64_t i) const {
    const int64_t row = half.quotient(i), column = i - row * half.value;
    return {row * 2 * half.value + column, timesteps[row] * frequencies[column] * scale};
  }

  template <int N>
  __device__ __forceinline__ void store(Width<N>, int64_t, const Angle& angle) const {
    float sine, cosine;
    sincosf(angle.radians, &sine, &cosine);
    y[angle.at] = from_float<T>(cosine_first ? cosine : sine);
    y[angle.at + half.value] = from_float<T>(cosine_first ? sine : cosine);
  }
};

}  // namespace

void timestep_embedding_cuda(const TimestepEmbeddingArgs& a, cudaStream_t stream) {
  if (a.rows * a.half == 0) return;
  dispatch_float(a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    map<1>("timestep_embedding", a.rows * a.half, true, stream,
           TimestepEmbedding<T>{a.timesteps, a.frequencies, static_cast<T*>(a.y), Divisor(a.half), a.scale, a.cosine_first});
  });
}

}  // namespace flashrt
