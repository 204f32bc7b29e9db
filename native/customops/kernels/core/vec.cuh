// Vector access for device code: up to 16 bytes a thread, with the unaligned and the odd tail cases inside the block.
#pragma once

#include "kernels/core/dtype.h"

namespace flashrt {

/// N elements that move as one load or store.
template <typename T, int N>
struct alignas(sizeof(T) * N) Vec {
  T at[N];
};

/// Elements of T in a 128-bit access.
template <typename T>
constexpr int kVecSize = 16 / static_cast<int>(sizeof(T));

template <typename T, int N>
__device__ __forceinline__ void load_floats(const T* __restrict__ from, float (&to)[N]) {
  const Vec<T, N> v = *reinterpret_cast<const Vec<T, N>*>(from);
#pragma unroll
  for (int i = 0; i < N; ++i) to[i] = to_float(v.at[i]);
}

/// Two floats to two elements of T in one instruction where the hardware has it; the same rounding as from_float.
template <typename T>
__device__ __forceinline__ void narrow_pair(float first, float second, T& a, T& b) {
  a = from_float<T>(first);
  b = from_float<T>(second);
}

template <>
__device__ __forceinline__ void narrow_pair(float first, float second, Float16& a, Float16& b) {
  const __half2 pair = __floats2half2_rn(first, second);
  a.bits = __half_as_ushort(__low2half(pair));
  b.bits = __half_as_ushort(__high2half(pair));
}

template <>
__device__ __forceinline__ void narrow_pair(float first, float second, BFloat16& a, BFloat16& b) {
  const __nv_bfloat162 pair = __floats2bfloat162_rn(first, second);
  a.bits = __bfloat16_as_ushort(__low2bfloat16(pair));
  b.bits = __bfloat16_as_ushort(__high2bfloat16(pair));
}

template <>
__device__ __forceinline__ void narrow_pair(float first, float second, Float8E4M3& a, Float8E4M3& b) {
  const __nv_fp8x2_storage_t pair = __nv_cvt_float2_to_fp8x2(make_float2(first, second), __NV_SATFINITE, __NV_E4M3);
  a.bits = static_cast<uint8_t>(pair & 0xFF);
  b.bits = static_cast<uint8_t>(pair >> 8);
}

template <typename T, int N>
__device__ __forceinline__ Vec<T, N> narrow(const float (&from)[N]) {
  Vec<T, N> v;
  if constexpr (N % 2 == 0) {
#pragma unroll
    for (int i = 0; i < N; i += 2) narrow_pair<T>(from[i], from[i + 1], v.at[i], v.at[i + 1]);
  } else {
#pragma unroll
    for (int i = 0; i < N; ++i) v.at[i] = from_float<T>(from[i]);
  }
  return v;
}

template <typename T, int N>
__device__ __forceinline__ void store_floats(T* __restrict__ to, const float (&from)[N]) {
  *reinterpret_cast<Vec<T, N>*>(to) = narrow<T, N>(from);
}

/// True when `pointer` and the distance between rows (in elements of `element_size` bytes) keep N-element access aligned.
/// Null pointers (absent operands) never hinder.
inline bool is_aligned(const void* pointer, int64_t row_length, int64_t element_size, int n) {
  const auto bytes = static_cast<uint64_t>(element_size) * static_cast<uint64_t>(n);
  return pointer == nullptr || (reinterpret_cast<uintptr_t>(pointer) % bytes == 0 && row_length % n == 0);
}

}  // namespace flashrt
