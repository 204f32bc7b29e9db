#include "kernels/activation/softmax_rows.h"

#include <vector>

namespace flashrt {

void softmax_rows_cpu(const SoftmaxRowsArgs& a, const Parallel& parallel) {
  if (a.rows == 0 || a.cols == 0) return;
  dispatch_float(a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    parallel(a.rows, 1 + 4096 / a.cols, [&](int64_t begin, int64_t end) {
      std::vector<float> power(static_cast<size_t>(a.cols));
      for (int64_t row = begin; row < end; ++row) {
        const T* x = static_cast<const T*>(a.x) + row * a.cols;
        T* y = static_cast<T*>(a.y) + row * a.cols;
        float most = -INFINITY;
        for (int64_t c = 0; c < a.cols; ++c) most = std::fmax(most, to_float(x[c]));
        if (most == -INFINITY) most = 0;  // -infinity - -infinity would be NaN
        double total = 0;
        for (int64_t c = 0; c < a.cols; ++c) total += power[c] = std::exp(to_float(x[c]) - most);
        const float factor = total == 0 ? 0.0f : static_cast<float>(1.0 / total);
        for (int64_t c = 0; c < a.cols; ++c) y[c] = from_float<T>(power[c] * factor);
      }
    });
  });
}

}  // namespace flashrt
