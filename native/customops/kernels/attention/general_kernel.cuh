// Attention for every case the tensor-core kernel does not take: float32, any head and value dimension, any alignment. Float32 throughout.
#pragma once

#include "kernels/attention/rows.cuh"
#include "kernels/attention/tiling.h"
#include "kernels/core/reduce.cuh"

namespace flashrt {

/// Four warps of four rows each; a lane owns two keys of a tile when scores are computed, and every 32nd value column when they are
/// applied. A block owns up to 256 value columns; blocks for further columns compute the scores anew, so nothing limits the dimensions.
constexpr int kGeneralWarps = 4, kWarpRowCount = kGeneralRows / kGeneralWarps, kLaneKeys = kGeneralKeys / 32;
/// Channels of queries and keys that pass through shared memory at a time. Rows of keys are padded by one 16-byte unit, which keeps the
/// 16-byte loads of eight lanes in different banks.
constexpr int kChannels = 64, kKeyPitch = kChannels + 4;

template <typename T, int kLaneColumns>
struct GeneralBlock {
  struct alignas(16) Shared {
    float queries[kGeneralRows][kChannels];
    float keys[kGeneralKeys][kKeyPitch];
    float weights[kGeneralWarps][kWarpRowCount][kGeneralKeys];
  };

  const AttentionArgs& a;
  const Partials& partials;
  Shared& shared;
  const RowTile tile;
  const int lane, warp;
  const int64_t first_column;

  float scores[kWarpRowCount][kLaneKeys];
  float out[kWarpRowCount][kLaneColumns];
  float highest[kWarpRowCount], sum[kWarpRowCount];

  __device__ __forceinline__ GeneralBlock(const AttentionArgs& args, const Partials& to, Shared& memory)
      : a(args),
        partials(to),
        shared(memory),
        tile(args, kGeneralRows, kGeneralKeys, to.splits),
        lane(threadIdx.x % 32),
        warp(threadIdx.x / 32),
        first_column(static_cast<int64_t>(blockIdx.y) * (32 * kLaneColumns)) {
#pragma unroll
    for (int r = 0; r < kWarpRowCount; ++r) {
      highest[r] = -INFINITY;
      sum[r] = 0;
#pragma unroll
      for (int c = 0; c < kLaneColumns; ++c) out[r][c] = 0;
    }
  }

  __device__ __forceinline__ int row_of(int r) const { return tile.first + warp * kWarpRowCount + r; }
  __device__ __forceinline__ int64_t column_of(int c) const { return first_column + c * 32 + lane; }

  /// Loads channels [first, first + kChannels) of the tile's queries and of a key tile; what lies outside is 0. A thread stays in its
  /// channel and has a fixed number of rows, so that their loads are under way together.
  __device__ __forceinline__ void load(int first_key, int64_t first_channel) {
    constexpr int kStep = 32 * kGeneralWarps / kChannels;
    const int at = threadIdx.x % kChannels;
    const int64_t channel = first_channel + at;
    const bool inside = channel < a.head_dim;
    const T* const q = static_cast<const T*>(a.q) + channel;
    const T* const k = static_cast<const T*>(a.k) + offset_of(a.k_strides, tile.batch, first_key, tile.kv_head) + channel;
#pragma unroll
    for (int i = 0; i < kGeneralRows / kStep; ++i) {
      const int local = threadIdx.x / kChannels + i * kStep, row = tile.first + local;
      const bool live = inside && row < tile.rows;
      shared.queries[local][at] = live ? to_float(q[offset_of(a.q_strides, tile.batch, tile.query(row), tile.head(row))]) : 0.0f;
    }
#pragma unroll 16
    for (int i = 0; i < kGeneralKeys / kStep; ++i) {
      const int local = threadIdx.x / kChannels + i * kStep;
      shared.keys[local][at] = inside && first_key + local < tile.length ? to_float(k[local * a.k_strides.row]) : 0.0f;
    }
  }

  __device__ __forceinline__ void add_products() {
#pragma unroll 4
    for (int c = 0; c < kChannels; c += 4) {
      float4 key[kLaneKeys];
#pragma unroll
      for (int n = 0; n < kLaneKeys; ++n) key[n] = *reinterpret_cast<const float4*>(&shared.keys[n * 32 + lane][c]);
#pragma unroll
      for (int r = 0; r < kWarpRowCount; ++r) {
        const float4 query = *reinterpret_cast<const float4*>(&shared.queries[warp * kWarpRowCount + r][c]);
#pragma unroll
        for (int n = 0; n < kLaneKeys; ++n) {
          scores[r][n] = fmaf(query.x, key[n].x, scores[r][n]);
          scores[r][n] = fmaf(query.y, key[n].y, scores[r][n]);
          scores[r][n] = fmaf(query.z, key[n].z, scores[r][n]);
          scores[r][n] = fmaf(query.w, key[n].w, scores[r][n]);
        }
      }
    }
  }

  /// Scale, cap, bias, mask and position of one score.
  __device__ __forceinline__ float final_score(float score, const KeyRange& range, int row, int64_t key) const {
    if (row >= tile.rows || key < range.begin || key >= range.end) return -INFINITY;
    score *= a.scale;
    if (a.softcap > 0) score = softcapped(score, a.softcap, softcap_factor(a.softcap));
    const int64_t head = tile.head(row), query = tile.query(row);
    if (a.bias != nullptr) {
      const ScoreStrides& s = a.bias_strides;
      score = biased(score, to_float(static_cast<const T*>(a.bias)[tile.batch * s.batch + head * s.head + query * s.query + key * s.key]));
    }
    if (a.mask != nullptr) {
      const ScoreStrides& s = a.mask_strides;
      if (a.mask[tile.batch * s.batch + head * s.head + query * s.query + key * s.key] == 0) score = -INFINITY;
    }
    return score;
  }

  __device__ __forceinline__ void update_softmax(int first_key) {
#pragma unroll
    for (int r = 0; r < kWarpRowCount; ++r) {
      const int row = row_of(r);
      const KeyRange range = visible_keys(a, tile.length, tile.query(row));
      float top = highest[r];
#pragma unroll
      for (int n = 0; n < kLaneKeys; ++n) {
        scores[r][n] = final_score(scores[r][n], range, row, first_key + n * 32 + lane);
        top = fmaxf(top, scores[r][n]);
      }
      top = warp_reduce<Max>(top);
      const float base = top == -INFINITY ? 0.0f : top, shrink = expf(highest[r] - base);
      highest[r] = top;
      sum[r] *= shrink;
#pragma unroll
      for (int n = 0; n < kLaneKeys; ++n) {
        const float weight = expf(scores[r][n] - base);
        shared.weights[warp][r][n * 32 + lane] = weight;
        sum[r] += weight;
      }
#pragma unroll
      for (int c = 0; c < kLaneColumns; ++c) out[r][c] *= shrink;
    }
    __syncwarp();
  }

  __device__ __forceinline__ void add_values(int first_key) {
    const int keys = min(kGeneralKeys, tile.length - first_key);
    const T* value = static_cast<const T*>(a.v) + offset_of(a.v_strides, tile.batch, first_key, tile.kv_head);
#pragma unroll 4
    for (int key = 0; key < keys; ++key, value += a.v_strides.row) {
      float weight[kWarpRowCount];
#pragma unroll
      for (int r = 0; r < kWarpRowCount; ++r) weight[r] = shared.weights[warp][r][key];
#pragma unroll
      for (int c = 0; c < kLaneColumns; ++c) {
        const float v = column_of(c) < a.value_dim ? to_float(value[column_of(c)]) : 0.0f;
#pragma unroll
        for (int r = 0; r < kWarpRowCount; ++r) out[r][c] = fmaf(weight[r], v, out[r][c]);
      }
    }
  }

  __device__ __forceinline__ void run() {
    for (int key_tile = tile.begin; key_tile < tile.end; ++key_tile) {
      const int first_key = key_tile * kGeneralKeys;
#pragma unroll
      for (int r = 0; r < kWarpRowCount; ++r)
#pragma unroll
        for (int n = 0; n < kLaneKeys; ++n) scores[r][n] = 0;
      for (int64_t channel = 0; channel < a.head_dim; channel += kChannels) {
        __syncthreads();  // the previous channels are in use no more
        load(first_key, channel);
        __syncthreads();
        add_products();
      }
      update_softmax(first_key);
      add_values(first_key);
      __syncwarp();
    }
    for (int r = 0; r < kWarpRowCount; ++r) sum[r] = warp_reduce<Sum>(sum[r]);
    store();
  }

  __device__ __forceinline__ void store_partial(int r, int row) const {
    const int64_t at = static_cast<int64_t>(tile.split) * partials.rows + tile.partial_row(a, row);
    if (lane == 0 && first_column == 0) {
      partials.highest[at] = highest[r] == -INFINITY ? -INFINITY : highest[r] * kLog2E;
      partials.sums[at] = sum[r];
    }
#pragma unroll
    for (int c = 0; c < kLaneColumns; ++c)
      if (column_of(c) < a.value_dim) partials.values[at * a.value_dim + column_of(c)] = out[r][c];
  }

  __device__ __forceinline__ void store_final(int r, int row) const {
    const int64_t head = tile.head(row), query = tile.query(row);
    float top = highest[r], total = sum[r], factor = 1;
    if (a.sink != nullptr) {
      const float sink = to_float(static_cast<const T*>(a.sink)[head]);
      top = fmaxf(top, sink);
      factor = weight_of(highest[r] * kLog2E, top * kLog2E);
      total = total * factor + weight_of(sink * kLog2E, top * kLog2E);
    }
    if (a.lse != nullptr && lane == 0 && first_column == 0)
      a.lse[(tile.batch * a.heads + head) * a.queries + query] = total == 0 ? -INFINITY : top + logf(total);
    const float inverse = total == 0 ? a.empty_row : factor / total;
    T* o = static_cast<T*>(a.o) + offset_of(a.o_strides, tile.batch, query, head);
#pragma unroll
    for (int c = 0; c < kLaneColumns; ++c)
      if (column_of(c) < a.value_dim) o[column_of(c)] = from_float<T>(out[r][c] * inverse);
  }

  __device__ __forceinline__ void store() const {
#pragma unroll
    for (int r = 0; r < kWarpRowCount; ++r) {
      const int row = row_of(r);
      if (row >= tile.rows) continue;
      if (partials.splits > 1) store_partial(r, row);
      else store_final(r, row);
    }
  }
};

template <typename T, int kLaneColumns>
__global__ void __launch_bounds__(32 * kGeneralWarps)
    attention_general_kernel(const __grid_constant__ AttentionArgs a, const __grid_constant__ Partials partials) {
  using Block = GeneralBlock<T, kLaneColumns>;
  __shared__ typename Block::Shared shared;
  Block block(a, partials, shared);
  block.run();
}

}  // namespace flashrt
