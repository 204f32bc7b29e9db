#include "kernels/attention/tiling.h"

#include <algorithm>

namespace flashrt {
namespace {

/// Numbers of key shares to try. Partial results cost memory and a second kernel, so there is no point in more.
constexpr int kSplits[] = {1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64};
/// Microseconds of the combining kernel, and of each further time that its warps load shares; the bytes per microsecond at which partial
/// results are written and read again (from L2).
constexpr double kCombineLaunch = 2.4, kCombineRound = 1.0, kPartialBytes = 3.0e6;
/// The general kernel: four warps, and fp32 units do the products.
constexpr TileCost kGeneralTile{{1, 1, 4, kGeneralKeys, 1, 4}, 3.0f, 6.0f, 3.0f};

int64_t ceil_of(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Keys that the row tile with the most of them meets, as far as the shapes tell.
int64_t most_keys(const AttentionArgs& a, int64_t tile_queries) {
  return std::max<int64_t>(a.window >= 0 ? std::min(a.keys, a.window + tile_queries) : a.keys, 1);
}

/// Keys that a row tile meets on average.
int64_t typical_keys(const AttentionArgs& a, int64_t tile_queries) {
  const int64_t seen = a.causal ? std::max<int64_t>(a.keys - a.queries / 2, std::min(a.keys, tile_queries)) : a.keys;
  return std::max<int64_t>(std::min(seen, most_keys(a, tile_queries)), 1);
}

bool is_aligned_16(const void* pointer, const AttentionStrides& s) {
  return reinterpret_cast<uintptr_t>(pointer) % 16 == 0 && s.batch % 8 == 0 && s.row % 8 == 0 && s.head % 8 == 0;
}

}  // namespace

std::span<const TileCost> tiles_of(int dim) {
  switch (dim) {
    case 48: return TensorTiles<48>::all;
    case 64: return TensorTiles<64>::all;
    case 72: return TensorTiles<72>::all;
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

double predict(const AttentionArgs& a, int dim, const TileCost& tile, int splits, const DeviceLimits& device) {
  const int64_t group = a.heads / a.kv_heads, rows = a.queries * group, tile_rows = tile.shape.rows();
  const int64_t blocks = a.batch * a.kv_heads * ceil_of(rows, tile_rows) * splits;
  const auto key_tiles_of = [&](int64_t keys) { return ceil_of(ceil_of(keys, tile.shape.keys), splits); };
  const int64_t tile_queries = ceil_of(tile_rows, group), typical = key_tiles_of(typical_keys(a, tile_queries)), longest = key_tiles_of(most_keys(a, tile_queries));
  const int64_t fitting = dim == 0 ? tile.shape.blocks : device.shared_bytes / (tile.shape.shared_bytes(dim) + 1024);  // 1 KB each is the system's
  const int64_t most = std::clamp<int64_t>(fitting, 1, tile.shape.blocks), wave = device.multiprocessors * most, left = blocks % wave;
  // `resident` blocks on each multiprocessor run side by side.
  const auto time_of = [&](int64_t resident, int64_t key_tiles) {
    return tile.start + static_cast<double>(key_tiles) * std::max<double>(tile.alone, static_cast<double>(resident) * tile.shared);
  };
  double time = static_cast<double>(blocks / wave) * time_of(most, typical);
  if (left > 0) time += time_of(ceil_of(left, device.multiprocessors), typical);
  // Under a causal mask the longest tiles start first, side by side: the short ones at the end even out, and nothing ends before they do.
  if (a.causal && blocks > wave) time = static_cast<double>(blocks) / static_cast<double>(wave) * time_of(most, typical);
  time = std::max(time, time_of(std::min(most, ceil_of(blocks, device.multiprocessors)), longest));
  if (splits > 1) {
    const int64_t combined_rows = a.batch * a.heads * a.queries, warps = combine_row_warps(combined_rows);
    const double bytes = 4.0 * splits * static_cast<double>(combined_rows * a.value_dim);
    time += kCombineLaunch + kCombineRound * static_cast<double>(ceil_of(splits, warps * kCombineBatch) - 1) + 2 * bytes / kPartialBytes;
  }
  return time;
}

AttentionPlan plan_attention(const AttentionArgs& a, const DeviceLimits& device) {
  AttentionPlan plan;
  if (fits_tensor_cores(a))
    for (int dim : kTensorDims)
      if (plan.dim == 0 && a.head_dim <= dim) plan.dim = dim;
  const auto tiles = tiles_of(plan.dim);
  double best = 0;
  for (size_t tile = 0; tile < tiles.size(); ++tile) {
    const TileShape& shape = tiles[tile].shape;
    if (plan.dim != 0 && shape.shared_bytes(plan.dim) > device.block_shared_bytes) continue;
    const int64_t key_tiles = ceil_of(std::max<int64_t>(a.keys, 1), shape.keys);
    for (int wanted : kSplits) {
      if (wanted > key_tiles) break;
      const auto splits = static_cast<int>(ceil_of(key_tiles, ceil_of(key_tiles, wanted)));  // no share is left without keys
      const double time = predict(a, plan.dim, tiles[tile], splits, device);
      if (best != 0 && time >= best) continue;
      best = time;
      plan.tile = static_cast<int>(tile);
      plan.splits = splits;
    }
  }
  check(best != 0, "attention: no kernel fits the ", device.block_shared_bytes, " bytes of shared memory of this device");
  return plan;
}

}  // namespace flashrt
