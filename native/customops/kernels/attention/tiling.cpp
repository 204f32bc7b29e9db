#include "kernels/attention/tiling.h"

#include <algorithm>

namespace flashrt {
namespace {

constexpr int kMostSplits = 64;
/// The launch of the combining kernel, and the bytes per microsecond at which partial results are written and read again (from L2).
constexpr double kCombineLaunch = 2.4, kPartialBytes = 3.0e6;
/// The general kernel: two blocks of 128 threads on a multiprocessor, and fp32 units do the products.
constexpr TileCost kGeneralTile{{1, 1, 4, kGeneralKeys, 1, 4}, 3.0f, 6.0f, 3.0f};

int64_t ceil_of(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Keys that a row tile meets, on average, as far as the shapes tell.
int64_t typical_keys(const AttentionArgs& a, int64_t tile_queries) {
  int64_t keys = a.keys;
  if (a.causal) keys = std::max<int64_t>(keys - a.queries / 2, std::min(keys, tile_queries));
  if (a.window >= 0) keys = std::min(keys, a.window + tile_queries);
  return std::max<int64_t>(keys, 1);
}

bool is_aligned_16(const void* pointer, const AttentionStrides& s) {
  return reinterpret_cast<uintptr_t>(pointer) % 16 == 0 && s.batch % 8 == 0 && s.row % 8 == 0 && s.head % 8 == 0;
}

}  // namespace

std::span<const TileCost> tiles_of(int dim) {
  switch (dim) {
    case 48: return TensorTiles<48>::all;
    case 64: return TensorTiles<64>::all;
    case 80: return TensorTiles<80>::all;
    case 96: return TensorTiles<96>::all;
    case 128: return TensorTiles<128>::all;
    case 256: return TensorTiles<256>::all;
    default: return {&kGeneralTile, 1};
  }
}

bool fits_tensor_cores(const AttentionArgs& a) {
  return (a.dtype == DType::f16 || a.dtype == DType::bf16) && a.head_dim == a.value_dim && a.head_dim % 8 == 0 && a.head_dim <= 256 &&
         is_aligned_16(a.q, a.q_strides) && is_aligned_16(a.k, a.k_strides) && is_aligned_16(a.v, a.v_strides) && is_aligned_16(a.o, a.o_strides);
}

double predict(const AttentionArgs& a, const TileCost& tile, int splits, int multiprocessors) {
  const int64_t group = a.heads / a.kv_heads, rows = a.queries * group, tile_rows = tile.shape.rows();
  const int64_t blocks = a.batch * a.kv_heads * ceil_of(rows, tile_rows) * splits;
  const int64_t key_tiles = ceil_of(ceil_of(typical_keys(a, ceil_of(tile_rows, group)), tile.shape.keys), splits);
  // `resident` blocks on each multiprocessor run side by side.
  const auto time_of = [&](int64_t resident) {
    return tile.start + static_cast<double>(key_tiles) * std::max<double>(tile.alone, static_cast<double>(resident) * tile.shared);
  };
  const int64_t wave = static_cast<int64_t>(multiprocessors) * tile.shape.blocks, left = blocks % wave;
  double time = static_cast<double>(blocks / wave) * time_of(tile.shape.blocks);
  if (left > 0) time += time_of(ceil_of(left, multiprocessors));
  if (splits > 1) {
    const double bytes = 4.0 * splits * static_cast<double>(a.batch * a.heads * a.queries * a.value_dim);
    time += kCombineLaunch + 2 * bytes / kPartialBytes;
  }
  return time;
}

AttentionPlan plan_attention(const AttentionArgs& a, int multiprocessors) {
  AttentionPlan plan;
  if (fits_tensor_cores(a))
    for (int dim : kTensorDims)
      if (plan.dim == 0 && a.head_dim <= dim) plan.dim = dim;
  const auto tiles = tiles_of(plan.dim);
  double best = 0;
  for (size_t tile = 0; tile < tiles.size(); ++tile) {
    const int64_t key_tiles = ceil_of(std::max<int64_t>(a.keys, 1), tiles[tile].shape.keys);
    for (int splits = 1; splits <= std::min<int64_t>(kMostSplits, key_tiles); ++splits) {
      const double time = predict(a, tiles[tile], splits, multiprocessors);
      if (best != 0 && time >= best) continue;
      best = time;
      plan.tile = static_cast<int>(tile);
      plan.splits = splits;
    }
  }
  return plan;
}

}  // namespace flashrt
