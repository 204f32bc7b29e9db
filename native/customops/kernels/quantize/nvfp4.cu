#include "kernels/core/divisor.h"
#include "kernels/core/launch.cuh"
#include "kernels/core/vec.cuh"
#include "kernels/quantize/nvfp4.h"

namespace flashrt {
namespace {

constexpr int kThreads = 256;

/// The part of a row that one thread handles: a block of 16 elements, of which `count` are in the row.
struct Block {
  int64_t row, index;
  int count;
};

__device__ __forceinline__ Block block_at(int64_t i, const Divisor& row_blocks, int64_t cols) {
  const int64_t row = row_blocks.quotient(i), index = i - row * row_blocks.value;
  const int64_t left = cols - index * kNvfp4Block;
  return {row, index, static_cast<int>(left < 0 ? 0 : left < kNvfp4Block ? left : kNvfp4Block)};
}

/// kWhole: cols is a multiple of 16 and the pointers are aligned, so a block moves in vectors.
template <typename T, bool kWhole>
__device__ __forceinline__ void load_block(const T* x, int count, float (&v)[kNvfp4Block]) {
  if constexpr (kWhole) {
    constexpr int n = kVecSize<T>;
#pragma unroll
    for (int i = 0; i < kNvfp4Block; i += n) {
      float part[n];
      load_floats<T, n>(x + i, part);
#pragma unroll
      for (int k = 0; k < n; ++k) v[i + k] = part[k];
    }
  } else {
#pragma unroll
    for (int i = 0; i < kNvfp4Block; ++i) v[i] = i < count ? to_float(x[i]) : 0.0f;
  }
}

/// e2m1_code of two elements, given 2^-14 times each, in the low byte. In float16 that scale puts 1.0 on the least normal number, so that
/// the bits of a magnitude count E2M1 codes in steps of 2^9, subnormal codes included, and half a step rounds midpoints away from zero.
/// Truncation to float16 keeps which side of a midpoint a number is on.
__device__ __forceinline__ uint32_t e2m1_pair(float low, float high) {
  uint32_t halves;
  asm("cvt.rz.f16x2.f32 %0, %1, %2;" : "=r"(halves) : "f"(high), "f"(low));
  constexpr uint32_t kLargest = 0x0E000E00u;  // code 7; the minimum with NaN is the other operand
  uint32_t magnitudes = halves & 0x7FFF7FFFu;
  asm("min.f16x2 %0, %1, %2;" : "=r"(magnitudes) : "r"(magnitudes), "r"(kLargest));
  const uint32_t codes = ((magnitudes + 0x01000100u) >> 9 & 0x00070007u) | (halves >> 12 & 0x00080008u);
  return codes | codes >> 12;
}

/// Eight elements, first in the lowest nibble. The added zero makes -0 the +0 whose code has no sign; a NaN gets none in the conversion.
__device__ __forceinline__ uint32_t e2m1_word(const float* v, float inverse) {
  uint32_t pairs[4];
#pragma unroll
  for (int k = 0; k < 4; ++k) pairs[k] = e2m1_pair(fmaf(v[2 * k], inverse, 0.0f), fmaf(v[2 * k + 1], inverse, 0.0f));
  return __byte_perm(__byte_perm(pairs[0], pairs[1], 0x0040), __byte_perm(pairs[2], pairs[3], 0x0040), 0x5410);
}

template <typename T, bool kWhole>
__global__ void __launch_bounds__(kThreads) quantize_nvfp4_kernel(const QuantizeNvfp4Args a, int64_t blocks, const Divisor row_blocks) {
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < blocks; i += static_cast<int64_t>(gridDim.x) * kThreads) {
    const Block block = block_at(i, row_blocks, a.cols);
    uint8_t* scale_at = a.scales + nvfp4_scale_offset(block.row, block.index, row_blocks.value, a.layout);
    if (block.row >= a.rows || block.count == 0) {
      *scale_at = 0;  // padding of the swizzled layout
      continue;
    }
    const int64_t begin = block.row * a.cols + block.index * kNvfp4Block;
    float v[kNvfp4Block], amax = 0;
    load_block<T, kWhole>(static_cast<const T*>(a.x) + begin, block.count, v);
#pragma unroll
    for (float value : v) amax = fmaxf(amax, fabsf(value));
    const uint8_t code = nvfp4_scale_code(amax / 6.0f);
    *scale_at = code;
    const float inverse = 1.0f / nvfp4_scale_value(code) * 0x1p-14f;
    Vec<uint32_t, 2> words{code == 0 ? 0 : e2m1_word(v, inverse), code == 0 ? 0 : e2m1_word(v + 8, inverse)};
    if constexpr (kWhole) {
      *reinterpret_cast<Vec<uint32_t, 2>*>(a.packed + begin / 2) = words;
    } else {
#pragma unroll
      for (int k = 0; k < kNvfp4Block / 2; ++k)
        if (2 * k < block.count) a.packed[begin / 2 + k] = static_cast<uint8_t>(words.at[k / 4] >> k % 4 * 8);
    }
  }
}

template <typename T, bool kWhole>
__global__ void __launch_bounds__(kThreads) dequantize_nvfp4_kernel(const DequantizeNvfp4Args a, int64_t blocks, const Divisor row_blocks,
                                                                    int64_t scale_blocks) {
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < blocks; i += static_cast<int64_t>(gridDim.x) * kThreads) {
    const Block block = block_at(i, row_blocks, a.cols);
    const int64_t begin = block.row * a.cols + block.index * kNvfp4Block;
    const float scale = nvfp4_scale_value(a.scales[nvfp4_scale_offset(block.row, block.index, scale_blocks, a.layout)]);
    T* y = static_cast<T*>(a.y) + begin;
    if constexpr (kWhole) {
      constexpr int n = kVecSize<T>;
      const auto packed = *reinterpret_cast<const Vec<uint8_t, kNvfp4Block / 2>*>(a.packed + begin / 2);
#pragma unroll
      for (int j = 0; j < kNvfp4Block; j += n) {
        float v[n];
#pragma unroll
        for (int k = 0; k < n; ++k) v[k] = e2m1_value(packed.at[(j + k) / 2] >> (k % 2 * 4) & 15) * scale;
        store_floats<T, n>(y + j, v);
      }
    } else {
      for (int k = 0; k < block.count; ++k) y[k] = from_float<T>(e2m1_value(a.packed[(begin + k) / 2] >> (k % 2 * 4) & 15) * scale);
    }
  }
}

template <typename T>
bool moves_whole_blocks(const void* floats, const uint8_t* packed, int64_t cols) {
  return cols % kNvfp4Block == 0 && is_aligned(floats, 0, sizeof(T), kVecSize<T>) && is_aligned(packed, 0, 1, kNvfp4Block / 2);
}

}  // namespace

void quantize_nvfp4_cuda(const QuantizeNvfp4Args& a, cudaStream_t stream) {
  const int64_t row_blocks = nvfp4_row_blocks(a.cols, a.layout);
  const int64_t blocks = nvfp4_scale_bytes(a.rows, a.cols, a.layout);  // one thread for each scale byte, padding included
  if (blocks == 0) return;
  dispatch_float(a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto kernel = moves_whole_blocks<T>(a.x, a.packed, a.cols) ? quantize_nvfp4_kernel<T, true> : quantize_nvfp4_kernel<T, false>;
    launch("quantize_nvfp4", kernel, {dim3(grid_for(blocks, kThreads)), dim3(kThreads)}, stream, a, blocks, Divisor(row_blocks));
  });
}

void dequantize_nvfp4_cuda(const DequantizeNvfp4Args& a, cudaStream_t stream) {
  const int64_t row_blocks = nvfp4_blocks(a.cols), blocks = a.rows * row_blocks;
  if (blocks == 0) return;
  dispatch_float(a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto kernel = moves_whole_blocks<T>(a.y, a.packed, a.cols) ? dequantize_nvfp4_kernel<T, true> : dequantize_nvfp4_kernel<T, false>;
    launch("dequantize_nvfp4", kernel, {dim3(grid_for(blocks, kThreads)), dim3(kThreads)}, stream, a, blocks, Divisor(row_blocks),
           nvfp4_row_blocks(a.cols, a.layout));
  });
}

}  // namespace flashrt
