#include "kernels/activation/bias_activation.h"

namespace flashrt {

void bias_activation_cpu(const BiasActivationArgs& a, const Parallel& parallel) {
  if (a.rows == 0 || a.cols == 0) return;
  dispatch_float(a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    dispatch_activation(a.activation, [&](auto activation) {
      const auto *x = static_cast<const T*>(a.x), *bias = static_cast<const T*>(a.bias), *position = static_cast<const T*>(a.position);
      auto* y = static_cast<T*>(a.y);
      parallel(a.rows * a.cols, 4096, [&](int64_t begin, int64_t end) {
        int64_t row = begin / a.cols, column = begin % a.cols;
        for (int64_t i = begin; i < end; ++i) {
          float v = to_float(x[i]);
          if (bias != nullptr) v += to_float(bias[row / (a.rows / a.bias_vectors) * a.cols + column]);
          if (position != nullptr) v += to_float(position[row % a.position_vectors * a.cols + column]);
          y[i] = from_float<T>(activation(v));
          if (++column == a.cols) {
            column = 0;
            ++row;
          }
        }
      });
    });
  });
}

}  // namespace flashrt
