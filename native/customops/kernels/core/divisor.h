// Division by a number that is only known at run time, for index arithmetic in device code.
#pragma once

#include <cstdint>

#include "kernels/core/dtype.h"

namespace flashrt {

/// Quotients by one divisor >= 1. Dividends below 2^31 take a multiplication and a shift, where a 64-bit division would cost about
/// a hundred instructions; larger ones (or a larger divisor) divide.
struct Divisor {
  int64_t value = 1;
  uint32_t magic = 1, shift = 0;  // quotient = (high word of n * magic + n) >> shift

  Divisor() = default;
  explicit Divisor(int64_t divisor) : value(divisor) {
    if (divisor > kFast) return;
    while ((int64_t{1} << shift) < divisor) ++shift;
    magic = static_cast<uint32_t>(((uint64_t{1} << 32) * ((uint64_t{1} << shift) - static_cast<uint64_t>(divisor))) / static_cast<uint64_t>(divisor) + 1);
  }

  FLASHRT_HD int64_t quotient(int64_t n) const {
    if ((n | value) > kFast) return n / value;
    const auto low = static_cast<uint32_t>(n);
#if defined(__CUDA_ARCH__)
    const uint32_t high = __umulhi(low, magic);
#else
    const auto high = static_cast<uint32_t>((static_cast<uint64_t>(low) * magic) >> 32);
#endif
    return (high + low) >> shift;
  }

  FLASHRT_HD int64_t remainder(int64_t n) const { return n - quotient(n) * value; }

 private:
  static constexpr int64_t kFast = 0x7FFFFFFF;
};

}  // namespace flashrt
