// The NVFP4 format, once for host and device: E2M1 elements in pairs, an unsigned E4M3 scale for 16 consecutive ones of a row.
#pragma once

#include "kernels/core/dtype.h"

namespace flashrt {

constexpr int kNvfp4Block = 16;

/// Where the block scales lie.
enum class ScaleLayout : int32_t {
  linear,   // [rows, blocks]
  swizzled  // tiles of 128 rows by 4 blocks, 512 bytes each, as block-scaled matrix instructions read them
};

FLASHRT_HD int64_t nvfp4_blocks(int64_t cols) { return (cols + kNvfp4Block - 1) / kNvfp4Block; }
FLASHRT_HD int64_t nvfp4_padded_rows(int64_t rows) { return (rows + 127) / 128 * 128; }
FLASHRT_HD int64_t nvfp4_padded_blocks(int64_t cols) { return (nvfp4_blocks(cols) + 3) / 4 * 4; }

FLASHRT_HD int64_t nvfp4_scale_bytes(int64_t rows, int64_t cols, ScaleLayout layout) {
  return layout == ScaleLayout::linear ? rows * nvfp4_blocks(cols) : nvfp4_padded_rows(rows) * nvfp4_padded_blocks(cols);
}

/// Offset of the scale of block `b` in row `r`; `blocks` is the number of blocks in a row, padded for the swizzled layout.
FLASHRT_HD int64_t nvfp4_scale_offset(int64_t r, int64_t b, int64_t blocks, ScaleLayout layout) {
  if (layout == ScaleLayout::linear) return r * blocks + b;
  return (r / 128 * (blocks / 4) + b / 4) * 512 + r % 32 * 16 + r % 128 / 32 * 4 + b % 4;
}

FLASHRT_HD int64_t nvfp4_row_blocks(int64_t cols, ScaleLayout layout) {
  return layout == ScaleLayout::linear ? nvfp4_blocks(cols) : nvfp4_padded_blocks(cols);
}

/// amax / 6 as an unsigned E4M3 byte, rounded up, so that no element of the block exceeds 6 units. Zero stays zero, anything
/// else is at least 2^-9; above 240 the scale is the largest one, 448.
FLASHRT_HD uint8_t nvfp4_scale_code(float want) {
  if (!(want > 0.0f)) return 0;
  if (want > 240.0f) return 0x7E;
  if (want < 0.015625f) return static_cast<uint8_t>(ceilf(want * 512.0f));  // subnormal: steps of 2^-9
  return static_cast<uint8_t>(((detail::bits_of(want) + 0xFFFFFu) >> 20) - (120u << 3));
}

FLASHRT_HD float nvfp4_scale_value(uint8_t code) { return to_float(Float8E4M3{static_cast<uint8_t>(code & 0x7F)}); }

/// Sign and magnitude code of an element in units of its block's scale; exact midpoints round away from zero.
FLASHRT_HD uint8_t e2m1_code(float v) {
  const float magnitude = fabsf(v);
  const int code = magnitude < 0.25f ? 0 : magnitude < 0.75f ? 1 : magnitude < 1.25f ? 2 : magnitude < 1.75f ? 3
                 : magnitude < 2.5f ? 4 : magnitude < 3.5f ? 5 : magnitude < 5.0f ? 6 : 7;
  return static_cast<uint8_t>(code | (v < 0.0f ? 8 : 0));
}

FLASHRT_HD float e2m1_value(int code) {
  const uint32_t magnitude = code & 7, sign = static_cast<uint32_t>(code & 8) << 28;
  if (magnitude < 2) return detail::float_of(sign | (magnitude == 0 ? 0u : 0x3F000000u));
  return detail::float_of(sign | (((magnitude >> 1) + 126) << 23) | ((magnitude & 1) << 22));
}

}  // namespace flashrt
