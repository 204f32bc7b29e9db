// Element types, their storage, and the conversions between them and float32.
//
// The storage types are plain bit patterns, the same on host and device; conversions round to nearest even. On the device they
// compile to the hardware instructions, on the host to integer arithmetic (no CPU feature is assumed).
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "kernels/core/check.h"

#if defined(__CUDACC__)
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>
#define FLASHRT_HD __host__ __device__ __forceinline__
#else
#define FLASHRT_HD inline
#endif

namespace flashrt {

enum class DType : int32_t { none, f32, f16, bf16, f8e4m3, u8, i8, i32, i64, boolean };

struct Float16 { uint16_t bits; };
struct BFloat16 { uint16_t bits; };
/// FP8 E4M3 "FN": no infinity, NaN is 0x7F and 0xFF, largest finite value 448.
struct Float8E4M3 { uint8_t bits; };

constexpr float kFloat8Max = 448.0f;

inline const char* name_of(DType type) {
  switch (type) {
    case DType::f32: return "float32";
    case DType::f16: return "float16";
    case DType::bf16: return "bfloat16";
    case DType::f8e4m3: return "float8e4m3fn";
    case DType::u8: return "uint8";
    case DType::i8: return "int8";
    case DType::i32: return "int32";
    case DType::i64: return "int64";
    case DType::boolean: return "bool";
    case DType::none: break;
  }
  return "none";
}

inline int64_t size_of(DType type) {
  switch (type) {
    case DType::f32: case DType::i32: return 4;
    case DType::f16: case DType::bf16: return 2;
    case DType::i64: return 8;
    case DType::f8e4m3: case DType::u8: case DType::i8: case DType::boolean: return 1;
    case DType::none: break;
  }
  return 0;
}

template <typename T> struct DTypeOf;
template <> struct DTypeOf<float> { static constexpr DType value = DType::f32; };
template <> struct DTypeOf<Float16> { static constexpr DType value = DType::f16; };
template <> struct DTypeOf<BFloat16> { static constexpr DType value = DType::bf16; };
template <> struct DTypeOf<Float8E4M3> { static constexpr DType value = DType::f8e4m3; };

template <typename T> struct Tag { using type = T; };

/// Calls body(Tag<T>) with the storage type of `type`, one of the three float types.
template <typename Body>
void dispatch_float(DType type, Body&& body) {
  switch (type) {
    case DType::f32: return body(Tag<float>{});
    case DType::f16: return body(Tag<Float16>{});
    case DType::bf16: return body(Tag<BFloat16>{});
    default: check(false, "expected float32, float16 or bfloat16, got ", name_of(type));
  }
}

namespace detail {

FLASHRT_HD uint32_t bits_of(float value) {
#if defined(__CUDA_ARCH__)
  return __float_as_uint(value);
#else
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
#endif
}

FLASHRT_HD float float_of(uint32_t bits) {
#if defined(__CUDA_ARCH__)
  return __uint_as_float(bits);
#else
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
#endif
}

/// float32 to a small format with `kExponent` and `kMantissa` bits, nearest even; the caller deals with overflow and NaN.
/// `magnitude` is the bit pattern without its sign; the result may run past the largest finite code.
template <int kExponent, int kMantissa>
inline uint32_t round_magnitude(uint32_t magnitude) {
  constexpr int kBias = (1 << (kExponent - 1)) - 1;
  constexpr int kShift = 23 - kMantissa;
  const int exponent = static_cast<int>(magnitude >> 23) - 127;
  if (exponent >= 1 - kBias) {  // a normal number: rebias, then round; the carry may move into the exponent, as it should
    const uint32_t rebased = magnitude - (static_cast<uint32_t>(127 - kBias) << 23);
    return (rebased + ((1u << (kShift - 1)) - 1) + ((rebased >> kShift) & 1)) >> kShift;
  }
  const int extra = (1 - kBias) - exponent;  // a subnormal: shift the mantissa with its hidden bit
  if (extra + kShift > 24) return 0;
  const uint32_t mantissa = (magnitude & 0x7FFFFF) | 0x800000;
  const int shift = extra + kShift;
  return (mantissa + ((1u << (shift - 1)) - 1) + ((mantissa >> shift) & 1)) >> shift;
}

template <int kExponent, int kMantissa>
inline float widen_magnitude(uint32_t code) {
  constexpr int kBias = (1 << (kExponent - 1)) - 1;
  const uint32_t exponent = code >> kMantissa, mantissa = code & ((1u << kMantissa) - 1);
  if (exponent != 0) return float_of(((exponent + 127 - kBias) << 23) | (mantissa << (23 - kMantissa)));
  return static_cast<float>(mantissa) * float_of(static_cast<uint32_t>(127 + 1 - kBias - kMantissa) << 23);
}

}  // namespace detail

FLASHRT_HD float to_float(float value) { return value; }

FLASHRT_HD float to_float(Float16 value) {
#if defined(__CUDA_ARCH__)
  return __half2float(__ushort_as_half(value.bits));
#else
  const uint32_t sign = static_cast<uint32_t>(value.bits & 0x8000) << 16, code = value.bits & 0x7FFF;
  if (code >= 0x7C00) return detail::float_of(sign | 0x7F800000 | ((code & 0x3FF) << 13));
  return detail::float_of(sign | detail::bits_of(detail::widen_magnitude<5, 10>(code)));
#endif
}

FLASHRT_HD float to_float(BFloat16 value) { return detail::float_of(static_cast<uint32_t>(value.bits) << 16); }

FLASHRT_HD float to_float(Float8E4M3 value) {
#if defined(__CUDA_ARCH__)
  return __half2float(__half(__nv_cvt_fp8_to_halfraw(value.bits, __NV_E4M3)));
#else
  const uint32_t sign = static_cast<uint32_t>(value.bits & 0x80) << 24, code = value.bits & 0x7F;
  if (code == 0x7F) return detail::float_of(sign | 0x7FC00000);
  return detail::float_of(sign | detail::bits_of(detail::widen_magnitude<4, 3>(code)));
#endif
}

/// rT(v): one rounding to T, nearest even; fp16 overflows to infinity, FP8 saturates to +-448 and keeps NaN (q8).
template <typename T> FLASHRT_HD T from_float(float value);

template <> FLASHRT_HD float from_float<float>(float value) { return value; }

template <> FLASHRT_HD Float16 from_float<Float16>(float value) {
#if defined(__CUDA_ARCH__)
  return {__half_as_ushort(__float2half_rn(value))};
#else
  const uint32_t bits = detail::bits_of(value), sign = (bits >> 16) & 0x8000, magnitude = bits & 0x7FFFFFFF;
  if (magnitude > 0x7F800000) return {static_cast<uint16_t>(sign | 0x7FFF)};
  if (magnitude >= 0x477FF000) return {static_cast<uint16_t>(sign | 0x7C00)};  // 65520 and above round to infinity
  return {static_cast<uint16_t>(sign | detail::round_magnitude<5, 10>(magnitude))};
#endif
}

template <> FLASHRT_HD BFloat16 from_float<BFloat16>(float value) {
#if defined(__CUDA_ARCH__)
  return {__bfloat16_as_ushort(__float2bfloat16_rn(value))};
#else
  const uint32_t bits = detail::bits_of(value);
  if ((bits & 0x7FFFFFFF) > 0x7F800000) return {0x7FFF};
  return {static_cast<uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16)};
#endif
}

template <> FLASHRT_HD Float8E4M3 from_float<Float8E4M3>(float value) {
#if defined(__CUDA_ARCH__)
  return {static_cast<uint8_t>(__nv_cvt_float_to_fp8(value, __NV_SATFINITE, __NV_E4M3))};
#else
  const uint32_t bits = detail::bits_of(value), sign = (bits >> 24) & 0x80, magnitude = bits & 0x7FFFFFFF;
  if (magnitude > 0x7F800000) return {0x7F};
  if (magnitude >= 0x43E00000) return {static_cast<uint8_t>(sign | 0x7E)};  // 448 and above, infinity too
  return {static_cast<uint8_t>(sign | detail::round_magnitude<4, 3>(magnitude))};
#endif
}

/// The reciprocal of an FP8 scale, floored so that a zero scale saturates instead of dividing by zero.
FLASHRT_HD float inverse_scale(float scale) { return 1.0f / fmaxf(scale, 1e-12f); }

/// Clamp to the FP8 range with fmin/fmax semantics: NaN becomes -448.
FLASHRT_HD float clamp_float8(float value) { return fminf(fmaxf(value, -kFloat8Max), kFloat8Max); }

}  // namespace flashrt
