#include "kernels/rope/timestep_embedding.h"

#include <cmath>

namespace flashrt {

void timestep_embedding_cpu(const TimestepEmbeddingArgs& a, const Parallel& parallel) {
  dispatch_float(a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t sine_at = a.cosine_first ? a.half : 0, cosine_at = a.half - sine_at;
    parallel(a.rows * a.half, 2048, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t row = i / a.half, column = i - row * a.half;
        const double angle = a.timesteps[row] * a.frequencies[column] * a.scale;
        T* y = static_cast<T*>(a.y) + row * 2 * a.half + column;
        y[sine_at] = from_float<T>(static_cast<float>(std::sin(angle)));
        y[cosine_at] = from_float<T>(static_cast<float>(std::cos(angle)));
      }
    });
  });
}

}  // namespace flashrt
