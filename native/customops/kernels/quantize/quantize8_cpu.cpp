#include "kernels/quantize/quantize8.h"

#include <algorithm>
#include <mutex>

#include "kernels/quantize/codes.h"

namespace flashrt {
namespace {

template <typename T>
float amax_of(const T* x, int64_t count) {
  float amax = 0;
  for (int64_t i = 0; i < count; ++i) amax = fmaxf(amax, fabsf(to_float(x[i])));
  return amax;
}

template <typename T, typename Code>
void encode_run(const T* x, Code* y, int64_t count, float scale) {
  const float inverse = 1.0f / scale;
  for (int64_t i = 0; i < count; ++i) y[i] = encode<Code>(to_float(x[i]) * inverse);
}

template <typename T, typename Code>
void quantize(const Quantize8Args& a, const Parallel& parallel) {
  constexpr int64_t kGrain = 16384;
  const T* x = static_cast<const T*>(a.x);
  Code* y = static_cast<Code*>(a.y);
  const int64_t count = a.rows * a.cols;
  if (a.scaling == Scaling::token) {
    parallel(a.rows, 1 + kGrain / std::max<int64_t>(1, a.cols), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const float scale = scale_for<Code>(amax_of(x + row * a.cols, a.cols));
        encode_run(x + row * a.cols, y + row * a.cols, a.cols, scale);
        if (a.scale_out != nullptr) a.scale_out[row] = scale;
      }
    });
    return;
  }
  float scale = 1;
  if (a.scaling == Scaling::given) scale = fmaxf(*a.scale, 1e-12f);
  if (a.scaling == Scaling::tensor) {
    float amax = 0;
    std::mutex mutex;
    parallel(count, kGrain, [&](int64_t begin, int64_t end) {
      const float part = amax_of(x + begin, end - begin);
      const std::lock_guard<std::mutex> lock(mutex);
      amax = fmaxf(amax, part);
    });
    scale = scale_for<Code>(amax);
  }
  if (a.scale_out != nullptr) *a.scale_out = scale;
  parallel(count, kGrain, [&](int64_t begin, int64_t end) {
    if constexpr (std::is_same_v<Code, Float8E4M3>) {
      if (a.scaling == Scaling::unit) {
        for (int64_t i = begin; i < end; ++i) y[i] = from_float<Float8E4M3>(to_float(x[i]));
        return;
      }
    }
    encode_run(x + begin, y + begin, end - begin, scale);
  });
}

}  // namespace

void quantize8_cpu(const Quantize8Args& a, const Parallel& parallel) {
  dispatch_float(a.dtype, [&](auto tag) {
    dispatch_code(a.code, [&](auto code) { quantize<typename decltype(tag)::type, typename decltype(code)::type>(a, parallel); });
  });
}

}  // namespace flashrt
