#include "kernels/elementwise/gated_activation.h"

namespace flashrt {

void gated_activation_cpu(const GatedActivationArgs& a, const Parallel& parallel) {
  if (a.rows == 0 || a.cols == 0) return;
  dispatch_float(a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    dispatch_activation(a.activation, [&](auto activation) {
      const auto *gate = static_cast<const T*>(a.gate), *up = static_cast<const T*>(a.up);
      const float inverse = a.quant_scale != nullptr ? inverse_scale(*a.quant_scale) : 1.0f;
      parallel(a.rows * a.cols, 4096, [&](int64_t begin, int64_t end) {
        int64_t column = begin % a.cols, from = begin / a.cols * a.pitch + column;
        for (int64_t i = begin; i < end; ++i, ++from) {
          if (column++ == a.cols) {
            column = 1;
            from += a.pitch - a.cols;
          }
          const float v = activation(to_float(gate[from])) * to_float(up[from]);
          if (a.y != nullptr) static_cast<T*>(a.y)[i] = from_float<T>(v);
          else a.y_quantized[i] = from_float<Float8E4M3>(a.quant_scale != nullptr ? clamp_float8(v * inverse) : v);
        }
      });
    });
  });
}

}  // namespace flashrt
