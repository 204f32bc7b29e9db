// How the CUDA kernels cut attention into blocks: tiles of rows, and shares of the keys. Tuning is data and lives in tiling.cpp.
#pragma once

#include <span>

#include "kernels/attention/attention.h"

namespace flashrt {

/// One block of the tensor-core kernel. Warps are laid out as row_warps x key_warps; a warp owns 16 * row_fragments rows, and with
/// several key warps each of them takes its part of every key tile, at its own pace: they meet at the end only.
struct TileShape {
  int row_fragments, row_warps, key_warps;
  int keys;    // keys of a tile
  int slots;   // key or value tiles in shared memory: slots - 1 of them are on their way while one is in use
  int blocks;  // blocks that fit on a multiprocessor

  constexpr int rows() const { return 16 * row_fragments * row_warps; }
  constexpr int threads() const { return 32 * row_warps * key_warps; }

  /// Elements between rows in shared memory: an odd number of units of 8 elements, so that the eight rows of a matrix lie in different banks.
  static constexpr int pitch(int dim) { return dim | 8; }
  constexpr int query_bytes(int dim) const { return rows() * pitch(dim) * 2; }
  constexpr int slot_bytes(int dim) const { return keys * pitch(dim) * 2; }
  /// Key warps hand their results to the first of them in float32: a row of sums (at the same pitch), its maximum
  /// and its sum.
  constexpr int exchange_bytes(int dim) const { return (key_warps - 1) * rows() * (pitch(dim) + 2) * 4; }
  constexpr int shared_bytes(int dim) const {
    const int ring = slots * slot_bytes(dim), exchange = exchange_bytes(dim);
    return query_bytes(dim) + (ring > exchange ? ring : exchange);
  }
};

/// A shape and what it costs (microseconds on an H200): a block starts and ends in `start`; a key tile takes `alone` when its block has
/// the multiprocessor to itself, and n blocks on one multiprocessor need n * `shared` for a key tile each, if that is more.
struct TileCost {
  TileShape shape;
  float start, alone, shared;
};

/// Head dimensions that the tensor-core kernel is compiled for; smaller ones are padded with zeros in shared memory.
constexpr int kTensorDims[] = {48, 64, 72, 80, 96, 128, 256};

/// The tiles to choose from for one of those. bench/attention_bench.cu prints lines of this form; the `shared` of
/// dimension 72's first tile is what models took, above what the program found (0.32).
template <int kDim>
struct TensorTiles;

template <>
struct TensorTiles<48> {
  static constexpr TileCost all[] = {
      {{1, 1, 4, 64, 4, 3}, 5.9f, 0.48f, 0.41f},
      {{1, 4, 1, 64, 4, 3}, 5.3f, 0.79f, 0.48f},
      {{1, 2, 2, 64, 4, 3}, 7.0f, 0.53f, 0.45f},
      {{2, 4, 1, 64, 4, 2}, 6.3f, 1.29f, 0.85f},
  };
};
template <>
struct TensorTiles<64> {
  static constexpr TileCost all[] = {
      {{1, 1, 4, 64, 4, 3}, 4.7f, 0.54f, 0.43f},
      {{1, 4, 1, 64, 4, 3}, 4.2f, 0.91f, 0.52f},
      {{1, 2, 2, 64, 4, 3}, 3.9f, 0.62f, 0.47f},
      {{2, 4, 1, 64, 4, 2}, 5.4f, 1.43f, 0.95f},
  };
};
template <>
struct TensorTiles<72> {
  static constexpr TileCost all[] = {
      {{1, 1, 4, 64, 4, 3}, 5.0f, 0.57f, 0.47f},
      {{1, 4, 1, 64, 4, 3}, 4.9f, 1.00f, 0.63f},
      {{1, 4, 2, 128, 4, 1}, 5.6f, 1.37f, 1.37f},
      {{1, 2, 2, 64, 4, 2}, 5.0f, 0.66f, 0.45f},
      {{2, 4, 1, 64, 4, 2}, 6.2f, 1.49f, 1.08f},
  };
};
template <>
struct TensorTiles<80> {
  static constexpr TileCost all[] = {
      {{1, 1, 4, 64, 4, 3}, 5.9f, 0.67f, 0.61f},
      {{1, 4, 1, 64, 4, 3}, 5.5f, 1.11f, 0.67f},
      {{1, 4, 2, 128, 4, 1}, 5.9f, 1.45f, 1.45f},
      {{1, 2, 2, 64, 4, 2}, 5.9f, 0.75f, 0.68f},
      {{2, 4, 1, 64, 4, 2}, 7.1f, 1.68f, 1.19f},
  };
};
template <>
struct TensorTiles<96> {
  static constexpr TileCost all[] = {
      {{1, 1, 4, 64, 4, 3}, 4.9f, 0.84f, 0.79f},
      {{1, 4, 1, 64, 4, 2}, 5.5f, 1.22f, 0.87f},
      {{1, 4, 2, 128, 4, 1}, 6.4f, 1.61f, 1.62f},
      {{1, 2, 2, 64, 4, 2}, 5.4f, 0.87f, 0.67f},
      {{2, 4, 1, 64, 3, 2}, 6.9f, 1.89f, 1.34f},
  };
};
template <>
struct TensorTiles<128> {
  static constexpr TileCost all[] = {
      {{1, 1, 4, 64, 4, 3}, 5.9f, 0.84f, 0.75f},
      {{1, 4, 1, 64, 4, 2}, 5.7f, 1.40f, 0.99f},
      {{1, 2, 2, 64, 4, 2}, 5.7f, 0.97f, 0.81f},
      {{2, 4, 1, 64, 3, 2}, 8.4f, 2.28f, 1.69f},
  };
};
template <>
struct TensorTiles<256> {
  static constexpr TileCost all[] = {
      {{1, 1, 4, 64, 3, 2}, 6.6f, 1.77f, 1.66f},
      {{1, 4, 1, 64, 2, 2}, 8.6f, 2.54f, 1.99f},
      {{1, 4, 2, 64, 3, 1}, 9.2f, 2.05f, 2.04f},
      {{1, 2, 2, 64, 4, 1}, 7.3f, 1.77f, 1.76f},
  };
};

/// The kernel to use and how many blocks share the keys of a row tile.
struct AttentionPlan {
  int dim = 0;   // compiled head dimension, 0: the general kernel
  int tile = 0;  // index into TensorTiles<dim>::all
  int splits = 1;
};

/// Rows and keys of a block of the general kernel.
constexpr int kGeneralRows = 16, kGeneralKeys = 64;

/// Warps of a block of the combining kernel, and the key shares that a lane loads before it adds them up.
constexpr int kCombineWarps = 4, kCombineBatch = 4;
/// How many of those warps a row gets: all, until there are enough rows to keep the device busy.
constexpr int combine_row_warps(int64_t rows) { return rows < 1024 ? kCombineWarps : 1; }

std::span<const TileCost> tiles_of(int dim);

/// True when the tensor-core kernel can run: 16-bit elements, a head dimension it is compiled for, 16-byte alignment throughout.
bool fits_tensor_cores(const AttentionArgs& args);

/// What a plan must know of a device.
struct DeviceLimits {
  int multiprocessors;
  int block_shared_bytes, shared_bytes;  // shared memory that a block can have, and that a multiprocessor has
};

/// The tile and number of splits with the lowest predicted time.
AttentionPlan plan_attention(const AttentionArgs& args, const DeviceLimits& device);

/// Predicted microseconds; `dim` as in AttentionPlan.
double predict(const AttentionArgs& args, int dim, const TileCost& tile, int splits, const DeviceLimits& device);

}  // namespace flashrt
