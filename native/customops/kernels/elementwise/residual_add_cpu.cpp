#include "kernels/elementwise/residual_add.h"

namespace flashrt {

void residual_add_cpu(const ResidualAddArgs& a, const Parallel& parallel) {
  if (a.rows == 0 || a.cols == 0) return;
  dispatch_float(a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto* bias = static_cast<const T*>(a.bias);
    parallel(a.rows, 1 + 4096 / a.cols, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const auto *residual = static_cast<const T*>(a.residual) + row * a.cols, *x = static_cast<const T*>(a.x) + row * a.cols;
        const T* gate = a.gate == nullptr ? nullptr : static_cast<const T*>(a.gate) + row / (a.rows / a.gate_vectors) * a.cols;
        T* y = static_cast<T*>(a.y) + row * a.cols;
        for (int64_t c = 0; c < a.cols; ++c) {
          const float base = to_float(residual[c]), v = to_float(x[c]), b = bias != nullptr ? to_float(bias[c]) : 0.0f;
          y[c] = from_float<T>(gate != nullptr ? base + (v + b) * to_float(gate[c]) : base + v + b);
        }
      }
    });
  });
}

}  // namespace flashrt
