#include "kernels/quantize/dequantize_fp8.h"

namespace flashrt {

void dequantize_fp8_cpu(const DequantizeFp8Args& a, const Parallel& parallel) {
  dispatch_float(a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const float scale = a.scale == nullptr ? 1.0f : *a.scale;
    parallel(a.count, 16384, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) static_cast<T*>(a.y)[i] = from_float<T>(to_float(a.x[i]) * scale);
    });
  });
}

}  // namespace flashrt
