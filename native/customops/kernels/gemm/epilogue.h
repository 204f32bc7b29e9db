// What happens to an accumulator on its way to the output, written once for the CPU, our CUDA kernels and the tests against cuBLASLt.
#pragma once

#include "kernels/core/dtype.h"
#include "kernels/core/functors.h"

namespace flashrt {

/// d = rT( cap( activation( acc * (alpha * a_scale * b_scale) + bias )) + beta * c ), float32 up to the one rounding.
struct Epilogue {
  DType dtype = DType::none;  // T: bias, c and d
  Activation activation = Activation::none;
  float alpha = 1, beta = 1;
  float softcap = 0;  // s > 0: cap(v) = s tanh(v / s); 0: cap(v) = v
  const float* a_scale = nullptr;  // one float, or one for each row; null: 1
  const float* b_scale = nullptr;  // one float, or one for each column; null: 1
  bool a_scale_by_row = false, b_scale_by_column = false;
  const void* bias = nullptr;  // [n]; null: 0
  const void* c = nullptr;     // [m, n]; null: 0. May be the buffer of d.
  void* d = nullptr;           // [m, n]
};

FLASHRT_HD float activate(Activation activation, float v) {
  switch (activation) {
    case Activation::gelu_tanh: return gelu_tanh(v);
    case Activation::gelu_erf: return gelu_erf(v);
    case Activation::gelu_quick: return gelu_quick(v);
    case Activation::silu: return silu(v);
    case Activation::relu: return relu(v);
    case Activation::sigmoid: return sigmoid(v);
    case Activation::none: break;
  }
  return v;
}

FLASHRT_HD float capped(float softcap, float v) { return softcap > 0 ? softcap * tanhf(v / softcap) : v; }

/// The value before bias, activation and C.
FLASHRT_HD float descale(const Epilogue& e, float acc, int64_t row, int64_t column) {
  float factor = e.alpha;
  if (e.a_scale != nullptr) factor *= e.a_scale[e.a_scale_by_row ? row : 0];
  if (e.b_scale != nullptr) factor *= e.b_scale[e.b_scale_by_column ? column : 0];
  return acc * factor;
}

/// Writes d[index] for index = row * n + column.
template <typename T>
FLASHRT_HD void finish(const Epilogue& e, float acc, int64_t row, int64_t column, int64_t index) {
  float v = descale(e, acc, row, column);
  if (e.bias != nullptr) v += to_float(static_cast<const T*>(e.bias)[column]);
  v = capped(e.softcap, activate(e.activation, v));
  if (e.c != nullptr) v += e.beta * to_float(static_cast<const T*>(e.c)[index]);
  static_cast<T*>(e.d)[index] = from_float<T>(v);
}

}  // namespace flashrt
