#include <algorithm>

#include "kernels/quantize/nvfp4.h"

namespace flashrt {
namespace {

template <typename T>
void quantize_row(const QuantizeNvfp4Args& a, int64_t row) {
  const T* x = static_cast<const T*>(a.x) + row * a.cols;
  uint8_t* packed = a.packed + row * (a.cols / 2);
  const int64_t row_blocks = nvfp4_row_blocks(a.cols, a.layout);
  for (int64_t b = 0; b < nvfp4_blocks(a.cols); ++b) {
    const int64_t begin = b * kNvfp4Block, end = std::min(begin + kNvfp4Block, a.cols);
    float amax = 0;
    for (int64_t c = begin; c < end; ++c) amax = fmaxf(amax, fabsf(to_float(x[c])));
    const uint8_t code = nvfp4_scale_code(amax / 6.0f);
    a.scales[nvfp4_scale_offset(row, b, row_blocks, a.layout)] = code;
    const float inverse = code == 0 ? 0.0f : 1.0f / nvfp4_scale_value(code);
    const auto element = [&](int64_t c) { return code == 0 ? uint8_t{0} : e2m1_code(to_float(x[c]) * inverse); };
    for (int64_t c = begin; c < end; c += 2) packed[c / 2] = static_cast<uint8_t>(element(c) | element(c + 1) << 4);
  }
}

template <typename T>
void dequantize_row(const DequantizeNvfp4Args& a, int64_t row) {
  const uint8_t* packed = a.packed + row * (a.cols / 2);
  T* y = static_cast<T*>(a.y) + row * a.cols;
  const int64_t row_blocks = nvfp4_row_blocks(a.cols, a.layout);
  for (int64_t c = 0; c < a.cols; ++c) {
    const float scale = nvfp4_scale_value(a.scales[nvfp4_scale_offset(row, c / kNvfp4Block, row_blocks, a.layout)]);
    y[c] = from_float<T>(e2m1_value(packed[c / 2] >> (c % 2 * 4) & 15) * scale);
  }
}

}  // namespace

void quantize_nvfp4_cpu(const QuantizeNvfp4Args& a, const Parallel& parallel) {
  if (a.layout == ScaleLayout::swizzled) std::fill_n(a.scales, nvfp4_scale_bytes(a.rows, a.cols, a.layout), uint8_t{0});
  if (a.cols == 0) return;
  dispatch_float(a.dtype, [&](auto tag) {
    parallel(a.rows, 1 + 8192 / a.cols, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) quantize_row<typename decltype(tag)::type>(a, row);
    });
  });
}

void dequantize_nvfp4_cpu(const DequantizeNvfp4Args& a, const Parallel& parallel) {
  if (a.cols == 0) return;
  dispatch_float(a.dtype, [&](auto tag) {
    parallel(a.rows, 1 + 8192 / a.cols, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) dequantize_row<typename decltype(tag)::type>(a, row);
    });
  });
}

}  // namespace flashrt
