// Attention on tensor cores (f16, bf16): one pass over the keys with an online softmax, as in FlashAttention-2.
//
// A block owns a tile of rows and a share of the keys. Its keys and values pass through a ring of shared-memory slots, filled by
// asynchronous copies: K0 V0 K1 V1 .. Key warps each have their part of a slot, which they fill and await by themselves, so that one
// multiplies while another is at its softmax. Scores, probabilities, running maxima and sums, and the output stay in registers; a warp's score
// accumulators are, element for element, the left operand of its second product, so probabilities never leave the lane.
#pragma once

#include <atomic>

#include "kernels/attention/launchers.h"
#include "kernels/attention/mma.cuh"
#include "kernels/core/launch.cuh"

namespace flashrt {

/// `Tile` is a type with the shape as `shape` (nvcc 12.4 cannot name a kernel whose template argument is a structure).
template <typename T, int kDim, typename Tile>
struct TensorBlock {
  static constexpr TileShape kTile = Tile::shape;
  static constexpr int kPitch = TileShape::pitch(kDim);
  static constexpr int kRowFragments = kTile.row_fragments;
  static constexpr int kWarpRows = 16 * kRowFragments;
  static constexpr int kWarpKeys = kTile.keys / kTile.key_warps;
  static constexpr int kKeyFragments = kWarpKeys / 8, kDimFragments = kDim / 8, kDimSteps = kDim / 16;
  static constexpr bool kHalfStep = kDim % 16 != 0;  // 8 columns are left after the steps of 16
  /// Query fragments stay in registers when the accumulators leave room for them.
  static constexpr bool kKeepQueries = kDim <= 128 && kRowFragments == 1;
  static_assert(kDim % 8 == 0 && kWarpKeys % 16 == 0 && kTile.slots >= 2);

  const AttentionArgs& a;
  const Partials& partials;
  const RowTile tile;
  const int lane, row_warp, key_warp;
  const SharedAddress queries, ring;  // ring: this key warp's part of the first slot

  float out[kRowFragments][kDimFragments][4];
  float scores[kRowFragments][kKeyFragments][4];
  float highest[kRowFragments][2];  // running maximum of the row's scores, in units of 1 / exponent
  float sum[kRowFragments][2];      // of this lane's probabilities; the four lanes of a row are added up at the end
  uint32_t kept[kKeepQueries ? kDimSteps : 1][4], kept_half[2];
  float exponent;                   // a probability is 2^(exponent * (score - highest))
  bool plain;                       // scores need no cap, bias or mask

  __device__ __forceinline__ TensorBlock(const AttentionArgs& args, const Partials& to)
      : a(args),
        partials(to),
        tile(args, kTile.rows(), kTile.keys, to.splits),
        lane(threadIdx.x % 32),
        row_warp(threadIdx.x / 32 % kTile.row_warps),
        key_warp(threadIdx.x / 32 / kTile.row_warps),
        queries(shared_address(dynamic_shared())),
        ring(queries + kTile.query_bytes(kDim) + key_warp * kWarpKeys * kPitch * 2) {
    plain = a.softcap == 0 && a.bias == nullptr && a.mask == nullptr;
    exponent = plain ? a.scale * kLog2E : 1.0f;
#pragma unroll
    for (int f = 0; f < kRowFragments; ++f) {
#pragma unroll
      for (int d = 0; d < kDimFragments; ++d) out[f][d][0] = out[f][d][1] = out[f][d][2] = out[f][d][3] = 0.0f;
      highest[f][0] = highest[f][1] = -INFINITY;
      sum[f][0] = sum[f][1] = 0.0f;
    }
  }

  /// The tile's row of half `half` (0: row g, 1: row g + 8) of fragment f in this lane.
  __device__ __forceinline__ int row_of(int f, int half) const { return tile.first + row_warp * kWarpRows + f * 16 + half * 8 + lane / 4; }

  // ---- global to shared memory

  /// Starts copying kCount rows to shared memory with kThreads threads, of which this one is number `thread`: row r from `from(r)` when `live(r)`, else zeros. Columns past the head dimension become
  /// zeros too. A copy that reads nothing may have any address.
  template <int kCount, int kThreads, typename From, typename Live>
  __device__ __forceinline__ void copy_rows(int thread, SharedAddress to, const From& from, const Live& live) const {
    constexpr int kUnits = kDim / 8, kSteps = (kCount * kUnits + kThreads - 1) / kThreads;
    if constexpr (kThreads % kUnits == 0) {  // a thread stays in its column
      const int first = thread / kUnits, column = thread % kUnits * 8;
      const bool inside = column < a.head_dim;
#pragma unroll
      for (int i = 0; i < kSteps; ++i) {
        const int row = first + i * (kThreads / kUnits);
        if (kCount % (kThreads / kUnits) != 0 && row >= kCount) break;
        copy_16_async(to + (row * kPitch + column) * 2, from(row) + column, inside && live(row));
      }
    } else {
#pragma unroll
      for (int i = 0; i < kSteps; ++i) {
        const int unit = i * kThreads + thread, row = unit / kUnits, column = unit % kUnits * 8;
        if (kCount * kUnits % kThreads != 0 && unit >= kCount * kUnits) break;
        copy_16_async(to + (row * kPitch + column) * 2, from(row) + column, column < a.head_dim && live(row));
      }
    }
  }

  __device__ __forceinline__ void copy_queries() const {
    const T* const base = static_cast<const T*>(a.q);
    copy_rows<kTile.rows(), kTile.threads()>(
        threadIdx.x, queries, [&](int row) { return base + offset_of(a.q_strides, tile.batch, tile.query(tile.first + row), tile.head(tile.first + row)); },
        [&](int row) { return tile.first + row < tile.rows; });
  }

  __device__ __forceinline__ SharedAddress slot_of(int item) const { return ring + item % kTile.slots * kTile.slot_bytes(kDim); }

  /// Starts the copy of this key warp's part of one item of the sequence K, V, K, V, .. of the block's key tiles. Keys past the valid ones become zeros: what
  /// memory holds there may be NaN, and 0 * NaN would reach the output. Always closes a group, so that groups count items.
  __device__ __forceinline__ void copy_item(int item) const {
    const int key_tile = tile.begin + item / 2;
    if (key_tile < tile.end) {
      const bool values = item % 2 != 0;
      const AttentionStrides& strides = values ? a.v_strides : a.k_strides;
      const int first = key_tile * kTile.keys + key_warp * kWarpKeys;
      const T* base = static_cast<const T*>(values ? a.v : a.k) + offset_of(strides, tile.batch, first, tile.kv_head);
      const int left = tile.length - first;
      copy_rows<kWarpKeys, 32 * kTile.row_warps>(
          row_warp * 32 + lane, slot_of(item), [&](int row) { return base + row * strides.row; }, [&](int row) { return row < left; });
    }
    commit_copies();
  }

  /// Waits for the row warps that share this key warp's part of the ring.
  __device__ __forceinline__ void sync_key_warp() const {
    if constexpr (kTile.key_warps == 1) __syncthreads();
    else if constexpr (kTile.row_warps == 1) __syncwarp();
    else sync_named(1 + key_warp, 32 * kTile.row_warps);
  }

  /// Makes `item` readable for the key warp, and starts the copy that takes the slot of the item before it.
  __device__ __forceinline__ SharedAddress next_item(int item) const {
    wait_copies<kTile.slots - 2>();
    sync_key_warp();
    copy_item(item + kTile.slots - 1);
    return slot_of(item);
  }

  // ---- the two products

  /// Address of this lane's row for load_matrices of the 16x16 block at (row, column): matrices 0 1 2 3 are its rows 0-7, 8-15, 0-7, 8-15
  /// at columns 0, 0, 8, 8. Untransposed that is a left operand, transposed two right operands.
  __device__ __forceinline__ SharedAddress rows_first(SharedAddress base, int row, int column) const {
    return base + ((row + lane % 16) * kPitch + column + lane / 16 * 8) * 2;
  }
  /// The same for rows 0-7, 0-7, 8-15, 8-15 at columns 0, 8, 0, 8: untransposed, two right operands.
  __device__ __forceinline__ SharedAddress columns_first(SharedAddress base, int row, int column) const {
    return base + ((row + lane / 16 * 8 + lane % 8) * kPitch + column + (lane & 8)) * 2;
  }

  __device__ __forceinline__ void keep_queries() {
    if constexpr (kKeepQueries) {
#pragma unroll
      for (int step = 0; step < kDimSteps; ++step) load_matrices(kept[step], rows_first(queries, row_warp * kWarpRows, step * 16));
      if constexpr (kHalfStep) load_matrices(kept_half, rows_first(queries, row_warp * kWarpRows, kDimSteps * 16));
    }
  }

  /// The columns of a fragment's queries from `column` on: those that were kept, or from shared memory.
  template <int kRegisters>
  __device__ __forceinline__ void load_query(uint32_t (&query)[kRegisters], const uint32_t (&kept_columns)[kRegisters], int f, int column) const {
    if constexpr (kKeepQueries) {
#pragma unroll
      for (int i = 0; i < kRegisters; ++i) query[i] = kept_columns[i];
    } else {
      load_matrices(query, rows_first(queries, row_warp * kWarpRows + f * 16, column));
    }
  }

  /// scores = Q K^T
  __device__ __forceinline__ void multiply_keys(SharedAddress keys) {
#pragma unroll
    for (int f = 0; f < kRowFragments; ++f)
#pragma unroll
      for (int k = 0; k < kKeyFragments; ++k) scores[f][k][0] = scores[f][k][1] = scores[f][k][2] = scores[f][k][3] = 0.0f;
#pragma unroll
    for (int step = 0; step < kDimSteps; ++step) {
      uint32_t query[kRowFragments][4];
#pragma unroll
      for (int f = 0; f < kRowFragments; ++f) load_query(query[f], kept[kKeepQueries ? step : 0], f, step * 16);
#pragma unroll
      for (int k = 0; k < kKeyFragments; k += 2) {
        uint32_t key[4];
        load_matrices(key, columns_first(keys, k * 8, step * 16));
#pragma unroll
        for (int f = 0; f < kRowFragments; ++f) {
          multiply<T>(scores[f][k], query[f], key[0], key[1]);
          multiply<T>(scores[f][k + 1], query[f], key[2], key[3]);
        }
      }
    }
    if constexpr (kHalfStep) multiply_half_step(keys);
  }

  __device__ __forceinline__ void multiply_half_step(SharedAddress keys) {
    uint32_t query[kRowFragments][2];
#pragma unroll
    for (int f = 0; f < kRowFragments; ++f) load_query(query[f], kept_half, f, kDimSteps * 16);
#pragma unroll
    for (int k = 0; k < kKeyFragments; k += 2) {
      uint32_t key[2];
      load_matrices(key, rows_first(keys, k * 8, kDimSteps * 16));
#pragma unroll
      for (int f = 0; f < kRowFragments; ++f) {
        multiply<T>(scores[f][k], query[f], key[0]);
        multiply<T>(scores[f][k + 1], query[f], key[1]);
      }
    }
  }

  /// out += P V, with the probabilities that `scores` holds now.
  __device__ __forceinline__ void multiply_values(SharedAddress values) {
#pragma unroll
    for (int k = 0; k < kKeyFragments; k += 2) {
      uint32_t weights[kRowFragments][4];
#pragma unroll
      for (int f = 0; f < kRowFragments; ++f) {
        weights[f][0] = pack<T>(scores[f][k][0], scores[f][k][1]);
        weights[f][1] = pack<T>(scores[f][k][2], scores[f][k][3]);
        weights[f][2] = pack<T>(scores[f][k + 1][0], scores[f][k + 1][1]);
        weights[f][3] = pack<T>(scores[f][k + 1][2], scores[f][k + 1][3]);
      }
#pragma unroll
      for (int d = 0; d + 1 < kDimFragments; d += 2) {
        uint32_t value[4];
        load_matrices_transposed(value, rows_first(values, k * 8, d * 8));
#pragma unroll
        for (int f = 0; f < kRowFragments; ++f) {
          multiply<T>(out[f][d], weights[f], value[0], value[1]);
          multiply<T>(out[f][d + 1], weights[f], value[2], value[3]);
        }
      }
      if constexpr (kHalfStep) {
        uint32_t value[2];
        load_matrices_transposed(value, rows_first(values, k * 8, kDim - 8));
#pragma unroll
        for (int f = 0; f < kRowFragments; ++f) multiply<T>(out[f][kDimFragments - 1], weights[f], value[0], value[1]);
      }
    }
  }

  // ---- softmax

  /// Calls change(score, row, key) for every score of this lane; keys are counted from the first of the warp.
  template <typename Change>
  __device__ __forceinline__ void for_each_score(const Change& change) {
#pragma unroll
    for (int f = 0; f < kRowFragments; ++f)
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const auto change_of_row = change(row_of(f, half));
#pragma unroll
        for (int i = 0; i < 2 * kKeyFragments; ++i) change_of_row(scores[f][i / 2][2 * half + i % 2], i / 2 * 8 + lane % 4 * 2 + i % 2);
      }
  }

  /// Cap, bias and mask, for runs that have one of them. Leaves exponents of 2, not of e: a row of equal scores, however large, then has
  /// differences of exactly 0 to its maximum.
  __device__ __forceinline__ void adjust_scores(int first_key) {
    for_each_score([&](int) { return [&](float& score, int) { score *= a.scale; }; });
    if (a.softcap > 0) {
      const float factor = softcap_factor(a.softcap);
      for_each_score([&](int) { return [&](float& score, int) { score = softcapped(score, a.softcap, factor); }; });
    }
    // Rows and keys past the end read what the last ones read, so that no load waits for a branch; their scores are hidden or dropped.
    const int last_row = tile.rows - 1, last_key = tile.length - 1 - first_key;
    if (a.bias != nullptr)
      for_each_score([&](int row) {
        const T* from = static_cast<const T*>(a.bias) + score_offset(a.bias_strides, min(row, last_row), first_key);
        return [=, this](float& score, int key) { score = biased(score, to_float(from[min(key, last_key) * a.bias_strides.key])); };
      });
    if (a.mask != nullptr)
      for_each_score([&](int row) {
        const uint8_t* from = a.mask + score_offset(a.mask_strides, min(row, last_row), first_key);
        return [=, this](float& score, int key) { score = from[min(key, last_key) * a.mask_strides.key] == 0 ? -INFINITY : score; };
      });
    for_each_score([&](int) { return [&](float& score, int) { score *= kLog2E; }; });
  }

  __device__ __forceinline__ int64_t score_offset(const ScoreStrides& s, int row, int64_t key) const {
    return tile.batch * s.batch + tile.head(row) * s.head + tile.query(row) * s.query + key * s.key;
  }

  /// Hides the keys outside a row's range.
  __device__ __forceinline__ void hide_keys(int first_key) {
    for_each_score([&](int row) {
      const KeyRange range = visible_keys(a, tile.length, tile.query(row));
      const int begin = static_cast<int>(range.begin) - first_key, end = static_cast<int>(range.end) - first_key;
      return [=](float& score, int key) {
        if (key < begin || key >= end) score = -INFINITY;
      };
    });
  }

  /// Turns scores into probabilities relative to the new maximum, and rescales what was summed up under the old one.
  __device__ __forceinline__ void update_softmax() {
    float shrink[kRowFragments][2];
    bool changed = false;
#pragma unroll
    for (int f = 0; f < kRowFragments; ++f)
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        float top = highest[f][half];
#pragma unroll
        for (int k = 0; k < kKeyFragments; ++k) top = fmaxf(top, fmaxf(scores[f][k][2 * half], scores[f][k][2 * half + 1]));
        top = fmaxf(top, __shfl_xor_sync(0xFFFFFFFFu, top, 1));
        top = fmaxf(top, __shfl_xor_sync(0xFFFFFFFFu, top, 2));
        const float base = top == -INFINITY ? 0.0f : top * exponent;  // no key so far: every weight is 2^-inf
        shrink[f][half] = exp2_fast(highest[f][half] * exponent - base);
        changed = changed || shrink[f][half] != 1.0f;
        highest[f][half] = top;
        float added = 0;
#pragma unroll
        for (int k = 0; k < kKeyFragments; ++k)
#pragma unroll
          for (int i = 2 * half; i < 2 * half + 2; ++i) {
            scores[f][k][i] = exp2_fast(fmaf(scores[f][k][i], exponent, -base));
            added += scores[f][k][i];
          }
        sum[f][half] = sum[f][half] * shrink[f][half] + added;
      }
    if (!__any_sync(0xFFFFFFFFu, changed)) return;  // most key tiles of a long sequence do not raise a maximum
#pragma unroll
    for (int f = 0; f < kRowFragments; ++f)
#pragma unroll
      for (int d = 0; d < kDimFragments; ++d)
#pragma unroll
        for (int i = 0; i < 4; ++i) out[f][d][i] *= shrink[f][i / 2];
  }

  __device__ __forceinline__ void run() {
    // Without keys nothing waits for the queries, whose place the results take.
    if (tile.begin < tile.end) copy_queries();
    commit_copies();
#pragma unroll
    for (int item = 0; item < kTile.slots - 1; ++item) copy_item(item);
    if constexpr (kKeepQueries || kTile.key_warps > 1) {  // all warps have copied the queries; later waits are for a key warp's own copies
      wait_copies<kTile.slots - 1>();
      __syncthreads();
    }
    keep_queries();
    for (int key_tile = tile.begin, item = 0; key_tile < tile.end; ++key_tile, item += 2) {
      const SharedAddress keys = next_item(item);
      multiply_keys(keys);
      const int first = key_tile * kTile.keys, first_of_warp = first + key_warp * kWarpKeys;
      if (!plain) adjust_scores(first_of_warp);
      if (first < tile.certain_begin || first + kTile.keys > tile.certain_end) hide_keys(first_of_warp);
      update_softmax();
      multiply_values(next_item(item + 1));
    }
    finish();
  }

  // ---- results

  /// `highest` becomes log2 of the row's largest exponential, `sum` complete.
  __device__ __forceinline__ void complete_rows() {
#pragma unroll
    for (int f = 0; f < kRowFragments; ++f)
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        sum[f][half] += __shfl_xor_sync(0xFFFFFFFFu, sum[f][half], 1);
        sum[f][half] += __shfl_xor_sync(0xFFFFFFFFu, sum[f][half], 2);
        if (highest[f][half] != -INFINITY) highest[f][half] *= exponent;
      }
  }

  /// Multiplies a row's output and sum by `factor`.
  __device__ __forceinline__ void scale_row(int f, int half, float factor) {
    sum[f][half] *= factor;
#pragma unroll
    for (int d = 0; d < kDimFragments; ++d) {
      out[f][d][2 * half] *= factor;
      out[f][d][2 * half + 1] *= factor;
    }
  }

  /// Adds up what the key warps found, in their order, in the first of them.
  __device__ __forceinline__ void merge_key_warps() {
    float* const sums = reinterpret_cast<float*>(dynamic_shared() + kTile.query_bytes(kDim));
    float2* const rows = reinterpret_cast<float2*>(sums + (kTile.key_warps - 1) * kTile.rows() * kPitch);
    __syncthreads();  // the ring is not read any more
    if (key_warp > 0) {
#pragma unroll
      for (int f = 0; f < kRowFragments; ++f)
#pragma unroll
        for (int half = 0; half < 2; ++half) {
          const int at = (key_warp - 1) * kTile.rows() + row_of(f, half) - tile.first;
          if (lane % 4 == 0) rows[at] = make_float2(highest[f][half], sum[f][half]);
          float* to = sums + at * kPitch + lane % 4 * 2;
#pragma unroll
          for (int d = 0; d < kDimFragments; ++d) *reinterpret_cast<float2*>(to + d * 8) = make_float2(out[f][d][2 * half], out[f][d][2 * half + 1]);
        }
    }
    __syncthreads();
    if (key_warp > 0) return;
    for (int other = 0; other < kTile.key_warps - 1; ++other)
#pragma unroll
      for (int f = 0; f < kRowFragments; ++f)
#pragma unroll
        for (int half = 0; half < 2; ++half) {
          const int at = other * kTile.rows() + row_of(f, half) - tile.first;
          const float2 theirs = rows[at];
          const float top = fmaxf(highest[f][half], theirs.x), factor = weight_of(theirs.x, top);
          scale_row(f, half, weight_of(highest[f][half], top));
          highest[f][half] = top;
          sum[f][half] += theirs.y * factor;
          const float* from = sums + at * kPitch + lane % 4 * 2;
#pragma unroll
          for (int d = 0; d < kDimFragments; ++d) {
            const float2 added = *reinterpret_cast<const float2*>(from + d * 8);
            out[f][d][2 * half] += added.x * factor;
            out[f][d][2 * half + 1] += added.y * factor;
          }
        }
  }

  __device__ __forceinline__ void store_partials() const {
#pragma unroll
    for (int f = 0; f < kRowFragments; ++f)
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int row = row_of(f, half);
        const int64_t at = static_cast<int64_t>(tile.split) * partials.rows + tile.partial_row(a, row);
        const bool live = row < tile.rows;
        if (live && lane % 4 == 0) {
          partials.highest[at] = highest[f][half];
          partials.sums[at] = sum[f][half];
        }
        float* to = partials.values + at * a.value_dim;
#pragma unroll
        for (int d = 0; d < kDimFragments; ++d) {
          const int column = d * 8 + lane % 4 * 2;
          if (live && column < a.value_dim) *reinterpret_cast<float2*>(to + column) = make_float2(out[f][d][2 * half], out[f][d][2 * half + 1]);
        }
      }
  }

  /// The sink joins the sum as a key without a value.
  __device__ __forceinline__ void add_sink(int f, int half, int row) {
    const float sink = to_float(static_cast<const T*>(a.sink)[tile.head(row)]) * kLog2E, top = fmaxf(highest[f][half], sink);
    scale_row(f, half, weight_of(highest[f][half], top));
    highest[f][half] = top;
    sum[f][half] += weight_of(sink, top);
  }

  /// Writes each row's lse, and puts the row, divided by its sum and rounded, where the tile's queries were.
  __device__ __forceinline__ void stage_rows() {
#pragma unroll
    for (int f = 0; f < kRowFragments; ++f)
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int row = row_of(f, half);
        if (a.sink != nullptr && row < tile.rows) add_sink(f, half, row);
        if (a.lse != nullptr && row < tile.rows && lane % 4 == 0)
          a.lse[(static_cast<int64_t>(tile.batch) * a.heads + tile.head(row)) * a.queries + tile.query(row)] =
              sum[f][half] == 0 ? -INFINITY : (highest[f][half] + log2f(sum[f][half])) * kLn2;
        const float inverse = sum[f][half] == 0 ? a.empty_row : 1.0f / sum[f][half];
        unsigned char* to = dynamic_shared() + ((row - tile.first) * kPitch + lane % 4 * 2) * 2;
#pragma unroll
        for (int d = 0; d < kDimFragments; ++d)
          *reinterpret_cast<uint32_t*>(to + d * 16) = pack<T>(out[f][d][2 * half] * inverse, out[f][d][2 * half + 1] * inverse);
      }
  }

  /// Writes the warp's staged rows, 16 bytes a lane.
  __device__ __forceinline__ void store_staged_rows() const {
    constexpr int kUnits = kDim / 8;
    T* const base = static_cast<T*>(a.o);
    for (int unit = lane; unit < kWarpRows * kUnits; unit += 32) {
      const int local = row_warp * kWarpRows + unit / kUnits, row = tile.first + local, column = unit % kUnits * 8;
      if (row >= tile.rows || column >= a.value_dim) continue;
      *reinterpret_cast<uint4*>(base + offset_of(a.o_strides, tile.batch, tile.query(row), tile.head(row)) + column) =
          *reinterpret_cast<const uint4*>(dynamic_shared() + (local * kPitch + column) * 2);
    }
  }

  __device__ __forceinline__ void finish() {
    complete_rows();
    if constexpr (kTile.key_warps > 1) {
      merge_key_warps();
      if (key_warp > 0) return;
    }
    if (partials.splits > 1) {
      store_partials();
      return;
    }
    __syncwarp();  // other lanes of the warp have read the queries, whose place the rows take
    stage_rows();
    __syncwarp();  // a warp stages and stores its own rows only
    store_staged_rows();
  }
};

template <typename T, int kDim, typename Tile>
__global__ void __launch_bounds__(Tile::shape.threads(), Tile::shape.blocks)
    attention_tensor_kernel(const __grid_constant__ AttentionArgs a, const __grid_constant__ Partials partials) {
  TensorBlock<T, kDim, Tile> block(a, partials);
  block.run();
}

/// Raises the dynamic shared memory limit of a kernel, once for each device. Not a stream operation, so legal during graph capture.
template <auto kKernel>
void allow_shared_bytes(int bytes) {
  static std::atomic<uint64_t> done{0};
  int device = 0;
  check_cuda(cudaGetDevice(&device), "cudaGetDevice");
  const uint64_t bit = uint64_t{1} << (device & 63);
  if (done.load(std::memory_order_relaxed) & bit) return;
  check_cuda(cudaFuncSetAttribute(reinterpret_cast<const void*>(kKernel), cudaFuncAttributeMaxDynamicSharedMemorySize, bytes), "cudaFuncSetAttribute");
  done.fetch_or(bit, std::memory_order_relaxed);
}

template <typename T, int kDim, typename Tile>
void launch_tensor_tile(const AttentionArgs& a, const Partials& partials, cudaStream_t stream) {
  constexpr TileShape kTile = Tile::shape;
  constexpr int kBytes = kTile.shared_bytes(kDim);
  constexpr auto kernel = attention_tensor_kernel<T, kDim, Tile>;
  allow_shared_bytes<kernel>(kBytes);
  const int64_t row_tiles = ceil_div(a.queries * (a.heads / a.kv_heads), kTile.rows()), blocks = a.batch * a.kv_heads * row_tiles * partials.splits;
  check(blocks <= 2147483647, "attention: too many rows for one launch (", blocks, " blocks)");
  launch("attention", kernel, {dim3(static_cast<unsigned>(blocks)), dim3(kTile.threads()), static_cast<size_t>(kBytes)}, stream, a, partials);
}

/// An entry of TensorTiles<kDim> as a type.
template <int kDim, size_t kIndex>
struct TableTile {
  static constexpr TileShape shape = TensorTiles<kDim>::all[kIndex].shape;
};

template <typename T, int kDim, size_t... kIndex>
void launch_tensor_at(size_t tile, const AttentionArgs& a, const Partials& partials, cudaStream_t stream, std::index_sequence<kIndex...>) {
  ((kIndex == tile ? launch_tensor_tile<T, kDim, TableTile<kDim, kIndex>>(a, partials, stream) : void()), ...);
}

/// Runs tile number `tile` of TensorTiles<kDim>.
template <typename T, int kDim>
void launch_tensor(int tile, const AttentionArgs& a, const Partials& partials, cudaStream_t stream) {
  launch_tensor_at<T, kDim>(static_cast<size_t>(tile), a, partials, stream, std::make_index_sequence<std::size(TensorTiles<kDim>::all)>{});
}

}  // namespace flashrt
