// Very many long rows: blocks stay, rows stream past them. While a group of threads normalises a row, the next ones are on their way to
// shared memory, where the operands that all rows share lie too. A block for each row (row_norm.cu) reads those again and again, and waits
// for its row with nothing to do, which shows where the output is small or the arithmetic long.
#pragma once

#include <algorithm>

#include "kernels/core/launch.cuh"
#include "kernels/core/reduce.cuh"
#include "kernels/norm/row_norm_row.cuh"

namespace flashrt {
namespace {

/// Measured on an H200 at 16384x8192 float16, in us, a block for each row and this: RmsNormQuantize 150 and 128, LayerNorm 160 and 148,
/// AdaLayerNorm 204 and 168, RmsNorm 145 and 149. Other sizes of groups and rings were slower.
template <typename T>
struct Stream {
  static constexpr int kThreads = 256, kKeep = 4, kGroups = 4, kStages = 2;  // threads of a row, vectors of each, rows of a block at a time, rows on their way
  static constexpr int kVectors = kThreads * kKeep;
  static constexpr int kRing = kGroups * kStages * kVectors;  // 16-byte vectors
  using V = Vec<T, kVecSize<T>>;

  static bool has_second(const RowNormArgs& a) { return a.beta.data != nullptr || a.shift.data != nullptr; }
  static int shared_bytes(const RowNormArgs& a) { return (kRing + (has_second(a) ? 2 : 1) * kVectors) * 16; }

  /// True for long rows whose operands are few and shared by all of them, when there are enough rows to keep every block busy.
  static bool serves(const RowNormArgs& a) {
    const int64_t vectors = a.cols / kVecSize<T>;
    const bool affine = a.weight.data != nullptr || a.beta.data != nullptr, modulated = a.scale.data != nullptr || a.shift.data != nullptr;
    const bool shared = (a.scale.data == nullptr || a.scale.vectors == 1) && (a.shift.data == nullptr || a.shift.vectors == 1);
    const bool pays = a.statistic == RowStatistic::layer || modulated || a.y_quantized != nullptr;
    return vectors > kVectors / 2 && vectors <= kVectors && pays && shared && !(affine && modulated) && a.gate_out == nullptr &&
           a.rows >= 16 * device_attribute(cudaDevAttrMultiProcessorCount) &&
           device_attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin) >= shared_bytes(a) + 4096;  // what the kernel declares itself
  }
};

/// The sum over a group; `scratch` holds 8 floats that no reduction since the last but one has used.
template <int kThreads>
__device__ __forceinline__ float group_sum(float value, int group, float* scratch) {
  constexpr int kWarps = kThreads / 32;
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
  value = warp_reduce<Sum>(value);
  if (lane == 0) scratch[warp] = value;
  asm volatile("bar.sync %0, %1;" ::"r"(group + 1), "n"(kThreads) : "memory");
  return warp_reduce<Sum>(lane < kWarps ? scratch[lane] : 0.0f);
}

template <typename T, Features kFeatures, RowStatistic kStatistic>
__global__ void __launch_bounds__(Stream<T>::kThreads* Stream<T>::kGroups, 1) row_norm_stream_kernel(const __grid_constant__ RowNormArgs a) {
  using S = Stream<T>;
  using V = typename S::V;
  constexpr int kThreads = S::kThreads, kKeep = S::kKeep, kStages = S::kStages, kSlot = S::kVectors, N = kVecSize<T>;
  constexpr bool kLayer = kStatistic == RowStatistic::layer;
  using KeptVec = Kept<T, N, false>;
  extern __shared__ uint4 memory[];
  __shared__ float scratch[S::kGroups][4][kThreads / 32];
  const int vectors = static_cast<int>(a.cols) / N, thread = threadIdx.x, group = threadIdx.y;
  V* ring = reinterpret_cast<V*>(memory) + group * kStages * kSlot + thread;  // a thread reads only what it fetched itself
  V* first = reinterpret_cast<V*>(memory) + S::kRing + thread;                // the weights or the scales,
  V* second = first + kSlot;                                                 // and what is added to them
  const T* multiplier = static_cast<const T*>(kFeatures == Features::plain ? a.weight.data : a.scale.data);
  const T* addend = static_cast<const T*>(kFeatures == Features::plain ? a.beta.data : a.shift.data);
  if (group == 0) {
#pragma unroll
    for (int k = 0; k < kKeep; ++k)
      if (const int v = thread + k * kThreads; v < vectors) {
        if (multiplier != nullptr) first[k * kThreads] = *reinterpret_cast<const V*>(multiplier + v * N);
        if (addend != nullptr) second[k * kThreads] = *reinterpret_cast<const V*>(addend + v * N);
      }
  }
  __syncthreads();

  const int64_t begin = static_cast<int64_t>(blockIdx.x) * S::kGroups + group, stride = static_cast<int64_t>(gridDim.x) * S::kGroups;
  const auto fetch = [&](int64_t row, int stage) {
    if (row < a.rows) {
      const T* x = static_cast<const T*>(a.x) + row * a.cols;
#pragma unroll
      for (int k = 0; k < kKeep; ++k)
        if (const int v = thread + k * kThreads; v < vectors) {
          const auto to = static_cast<uint32_t>(__cvta_generic_to_shared(ring + stage * kSlot + k * kThreads));
          asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to), "l"(x + static_cast<int64_t>(v) * N) : "memory");
        }
    }
    asm volatile("cp.async.commit_group;" ::: "memory");
  };
#pragma unroll
  for (int s = 0; s < kStages; ++s) fetch(begin + s * stride, s);

  const float count = static_cast<float>(a.cols);
  KeptVec kept[kKeep];
  int stage = 0, parity = 0;
  for (int64_t row = begin; row < a.rows; row += stride) {
    asm volatile("cp.async.wait_group %0;" ::"n"(kStages - 1) : "memory");
    float total = 0;
#pragma unroll
    for (int k = 0; k < kKeep; ++k)
      if (thread + k * kThreads < vectors) {
        kept[k].v = ring[stage * kSlot + k * kThreads];
        total += kLayer ? sum_of<KeptVec, N>(kept[k]) : squares_of<KeptVec, N>(kept[k], 0.0f);
        kept[k].forget_floats();
      }
    fetch(row + kStages * stride, stage);  // into what was just read
    stage = stage + 1 == kStages ? 0 : stage + 1;
    float center = 0, spread = group_sum<kThreads>(total, group, scratch[group][parity]) / count;
    if constexpr (kLayer) {
      center = spread;
      float deviation = 0;
#pragma unroll
      for (int k = 0; k < kKeep; ++k)
        if (thread + k * kThreads < vectors) {
          deviation += squares_of<KeptVec, N>(kept[k], center);
          kept[k].forget_floats();
        }
      spread = group_sum<kThreads>(deviation, group, scratch[group][2 + parity]) / count;
    }
    parity ^= 1;
    const float factor = rsqrtf(spread + a.epsilon);
    const Finish<T, N, kFeatures, kStatistic> finish(a, row);
#pragma unroll
    for (int k = 0; k < kKeep; ++k)
      if (const int v = thread + k * kThreads; v < vectors) {
        Operands<T, N, kFeatures> with;
        if constexpr (kFeatures == Features::plain) {
          if (multiplier != nullptr) with.weight = first[k * kThreads];
          if (addend != nullptr) with.beta = second[k * kThreads];
        } else {
          if (multiplier != nullptr) with.scale = first[k * kThreads];
          if (addend != nullptr) with.shift = second[k * kThreads];
        }
        finish(v * N, kept[k], with, center, factor);
      }
  }
}

template <typename T, Features kFeatures>
void launch_stream(const RowNormArgs& a, cudaStream_t stream) {
  using S = Stream<T>;
  const int shared = S::shared_bytes(a);
  const auto blocks = static_cast<unsigned>(std::min<int64_t>(ceil_div(a.rows, S::kGroups), device_attribute(cudaDevAttrMultiProcessorCount)));
  const auto go = [&](auto kernel) {
    check_cuda(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, shared), "row_norm_stream");
    launch("row_norm_stream", kernel, {dim3(blocks), dim3(S::kThreads, S::kGroups), static_cast<size_t>(shared)}, stream, a);
  };
  if (a.statistic == RowStatistic::layer) go(row_norm_stream_kernel<T, kFeatures, RowStatistic::layer>);
  else go(row_norm_stream_kernel<T, kFeatures, RowStatistic::rms>);
}

}  // namespace
}  // namespace flashrt
