#include "kernels/norm/row_norm.h"

#include <vector>

namespace flashrt {
namespace {

template <typename T>
const T* row_of(const RowVectors& operand, int64_t row, int64_t rows) {
  if (operand.data == nullptr) return nullptr;
  return static_cast<const T*>(operand.data) + row / (rows / operand.vectors) * operand.pitch;
}

template <typename T>
void normalize_row(const RowNormArgs& a, int64_t row, std::vector<float>& sum) {
  const int64_t begin = row * a.cols;
  const T* x = static_cast<const T*>(a.x) + begin;
  const T* residual = a.residual == nullptr ? nullptr : static_cast<const T*>(a.residual) + begin;
  const T *gate = row_of<T>(a.gate, row, a.rows), *bias = row_of<T>(a.bias, row, a.rows);
  const T *weight = row_of<T>(a.weight, row, a.rows), *beta = row_of<T>(a.beta, row, a.rows);
  const T *scale = row_of<T>(a.scale, row, a.rows), *shift = row_of<T>(a.shift, row, a.rows);
  const T* gate_in = row_of<T>(a.gate_in, row, a.rows);
  const bool rounded = residual != nullptr && !a.unrounded;

  double total = 0, squares = 0;
  for (int64_t c = 0; c < a.cols; ++c) {
    float v = to_float(x[c]);
    if (residual != nullptr) {
      // Without a gate the sum runs left to right, residual + x + bias, as the unfused graph's does.
      if (gate != nullptr) v = to_float(residual[c]) + (bias != nullptr ? v + to_float(bias[c]) : v) * to_float(gate[c]);
      else v = to_float(residual[c]) + v + (bias != nullptr ? to_float(bias[c]) : 0.0f);
    }
    squares += static_cast<double>(v) * v;
    if (rounded) v = to_float(from_float<T>(v));
    total += v;
    sum[c] = v;
  }

  double mean = 0, spread = squares / static_cast<double>(a.cols);
  if (a.statistic == RowStatistic::layer) {
    mean = total / static_cast<double>(a.cols);
    double deviation = 0;
    for (int64_t c = 0; c < a.cols; ++c) deviation += (sum[c] - mean) * (sum[c] - mean);
    spread = deviation / static_cast<double>(a.cols);
  }
  const float factor = static_cast<float>(1.0 / std::sqrt(spread + a.epsilon)), center = static_cast<float>(mean);
  const float inverse = a.quant_scale != nullptr ? inverse_scale(*a.quant_scale) : 1.0f;

  for (int64_t c = 0; c < a.cols; ++c) {
    float v = (sum[c] - center) * factor;
    if (weight != nullptr) v *= to_float(weight[c]);
    if (beta != nullptr) v += to_float(beta[c]);
    if (scale != nullptr) v *= 1.0f + to_float(scale[c]);
    if (shift != nullptr) v += to_float(shift[c]);
    const T carried = gate_in != nullptr ? gate_in[c] : T{};  // read before anything of this column is written: it may alias
    if (a.residual_out != nullptr) static_cast<T*>(a.residual_out)[begin + c] = from_float<T>(sum[c]);
    if (a.gate_out != nullptr) static_cast<T*>(a.gate_out)[begin + c] = carried;
    if (a.y != nullptr) static_cast<T*>(a.y)[begin + c] = from_float<T>(v);
    if (a.y_quantized != nullptr)
      a.y_quantized[begin + c] = from_float<Float8E4M3>(a.quant_scale != nullptr ? clamp_float8(v * inverse) : v);
  }
}

}  // namespace

void row_norm_cpu(const RowNormArgs& a, const Parallel& parallel) {
  if (a.rows == 0 || a.cols == 0) return;
  dispatch_float(a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    parallel(a.rows, 1 + 16384 / a.cols, [&](int64_t begin, int64_t end) {
      std::vector<float> sum(static_cast<size_t>(a.cols));
      for (int64_t row = begin; row < end; ++row) normalize_row<T>(a, row, sum);
    });
  });
}

}  // namespace flashrt
