// The 8-bit codes that the quantisers write, once for host and device.
#pragma once

#include "kernels/core/dtype.h"

namespace flashrt {

/// Largest magnitude that a code stands for: 448 for FP8 E4M3, 127 for int8 (-128 stays unused, so that the range is symmetric).
template <typename Code> constexpr float kCodeMax = 0;
template <> inline constexpr float kCodeMax<Float8E4M3> = kFloat8Max;
template <> inline constexpr float kCodeMax<int8_t> = 127.0f;

/// Real value of one unit when the largest magnitude is `amax`. The floor keeps an all-zero tensor from dividing by zero.
template <typename Code>
FLASHRT_HD float scale_for(float amax) {
  return fmaxf(amax / kCodeMax<Code>, 1e-12f);
}

/// Clamps with fmin/fmax semantics, so NaN becomes the lowest code, then rounds to the nearest code, ties to even.
template <typename Code> FLASHRT_HD Code encode(float value);
template <> FLASHRT_HD Float8E4M3 encode<Float8E4M3>(float value) { return from_float<Float8E4M3>(clamp_float8(value)); }
template <> FLASHRT_HD int8_t encode<int8_t>(float value) { return static_cast<int8_t>(rintf(fminf(fmaxf(value, -127.0f), 127.0f))); }

/// Calls body(Tag<Code>) with the code type of `type`, f8e4m3 or i8.
template <typename Body>
void dispatch_code(DType type, Body&& body) {
  switch (type) {
    case DType::f8e4m3: return body(Tag<Float8E4M3>{});
    case DType::i8: return body(Tag<int8_t>{});
    default: check(false, "expected float8e4m3fn or int8, got ", name_of(type));
  }
}

}  // namespace flashrt
