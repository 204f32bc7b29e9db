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
    const float inverse = code == 0 ? 0.0f : 1.0f / nvfp4_scale_value(code);
    Vec<uint8_t, kNvfp4Block / 2> packed;
#pragma unroll
    for (int k = 0; k < kNvfp4Block / 2; ++k) {
      const uint8_t low = code == 0 ? 0 : e2m1_code(v[2 * k] * inverse), high = code == 0 ? 0 : e2m1_code(v[2 * k + 1] * inverse);
      packed.at[k] = static_cast<uint8_t>(low | high << 4);
    }
    if constexpr (kWhole) {
      *reinterpret_cast<Vec<uint8_t, kNvfp4Block / 2>*>(a.packed + begin / 2) = packed;
    } else {
#pragma unroll
      for (int k = 0; k < kNvfp4Block / 2; ++k)
        if (2 * k < block.count) a.packed[begin / 2 + k] = packed.at[k];
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
