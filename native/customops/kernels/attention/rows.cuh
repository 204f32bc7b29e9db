// What the CUDA attention kernels share: which rows and keys a block works on, and where partial results go.
#pragma once

#include "kernels/attention/attention.h"

namespace flashrt {

constexpr float kLog2E = 1.4426950408889634f, kLn2 = 0.6931471805599453f;

/// Partial results of `splits` shares of the keys, in scratch memory. Rows are numbered over [batch, KV head, query, head of its group].
struct Partials {
  float* values = nullptr;   // [splits, rows, value_dim]: sum of 2^(x - highest) v over the share's keys, x in powers of 2
  float* highest = nullptr;  // [splits, rows]: the share's largest x, -inf where it saw no key
  float* sums = nullptr;     // [splits, rows]: sum of 2^(x - highest)
  int64_t rows = 0;
  int splits = 1;
};

/// The tile of a block: rows [first, first + tile) of one KV head, key tiles [begin, end). The rows of a KV head are its queries times the
/// heads of its group, heads fastest, so that a decode step with one query still fills the rows of a matrix product.
struct RowTile {
  int batch, kv_head, group;
  int first, rows;      // first row; rows of the KV head
  int split;
  int length;           // valid keys
  int certain_begin, certain_end;  // keys that every row of the tile sees, mask and bias aside
  int begin, end;                  // this block's share of the key tiles that some row sees

  __device__ __forceinline__ RowTile(const AttentionArgs& a, int tile_rows, int tile_keys, int splits) {
    group = static_cast<int>(a.heads) / static_cast<int>(a.kv_heads);
    rows = static_cast<int>(a.queries) * group;
    const int tiles = (rows + tile_rows - 1) / tile_rows;
    const int kv_heads = static_cast<int>(a.kv_heads);
    int index = static_cast<int>(blockIdx.x);
    split = index % splits;
    index /= splits;
    int tile, pair;
    if (a.causal) {  // the tiles with the most keys start first, of all heads
      const int pairs = static_cast<int>(a.batch) * kv_heads;
      tile = tiles - 1 - index / pairs;
      pair = index % pairs;
    } else {
      tile = index % tiles;
      pair = index / tiles;
    }
    kv_head = pair % kv_heads;
    batch = pair / kv_heads;
    first = tile * tile_rows;

    const int last = min(first + tile_rows, rows) - 1;
    length = static_cast<int>(valid_keys(a, batch));
    const KeyRange upper = visible_keys(a, length, first / group), lower = visible_keys(a, length, last / group);
    certain_begin = static_cast<int>(lower.begin);
    certain_end = static_cast<int>(upper.end);
    const int seen_begin = static_cast<int>(upper.begin), seen_end = static_cast<int>(lower.end);
    const int from = seen_begin / tile_keys, to = seen_end > seen_begin ? (seen_end + tile_keys - 1) / tile_keys : from;
    const int share = (to - from + splits - 1) / splits;
    begin = min(from + split * share, to);
    end = min(begin + share, to);
  }

  __device__ __forceinline__ int query(int row) const { return row / group; }
  __device__ __forceinline__ int head(int row) const { return kv_head * group + row % group; }
  __device__ __forceinline__ int64_t partial_row(const AttentionArgs& a, int row) const {
    return (static_cast<int64_t>(batch) * a.kv_heads + kv_head) * rows + row;
  }
};

/// Offset of a (query, head) pair in an operand with these strides.
__device__ __forceinline__ int64_t offset_of(const AttentionStrides& s, int64_t batch, int64_t query, int64_t head) {
  return batch * s.batch + query * s.row + head * s.head;
}

/// cap * tanh(x / cap) as cap * (1 - 2 / (1 + 2^(factor * x))): right at both ends, and off by at most 2e-7 * cap in between.
__device__ __forceinline__ float softcap_factor(float cap) { return 2.0f * kLog2E / cap; }
__device__ __forceinline__ float softcapped(float x, float cap, float factor) { return cap * (1.0f - __fdividef(2.0f, 1.0f + exp2f(factor * x))); }

/// Score plus bias, in natural units. Finite sums stay above -1e38, so that a bias of the lowest float32 or bfloat16 is still finite when
/// it is turned into a power of two.
__device__ __forceinline__ float biased(float score, float bias) {
  const float sum = score + bias;
  return sum < -1e38f && sum != -INFINITY ? -1e38f : sum;
}

/// 2^(part - whole), the weight of a part in a sum whose log2 (or maximum) is `whole`; 0 for a part that saw no key.
__device__ __forceinline__ float weight_of(float part, float whole) { return part == -INFINITY ? 0.0f : exp2f(part - whole); }

}  // namespace flashrt
