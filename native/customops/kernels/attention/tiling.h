// How the CUDA kernels cut attention into blocks: tiles of rows, and shares of the keys. Tuning is data and lives in tiling.cpp.
#pragma once

#include <span>

#include "kernels/attention/attention.h"

namespace flashrt {

/// One block of the tensor-core kernel. Warps are laid out as row_warps x key_warps; a warp owns 16 * row_fragments rows, and with
/// several key warps each of them takes its part of every key tile.
struct TileShape {
  int row_fragments, row_warps, key_warps;
  int keys;    // keys of a tile
  int slots;   // key or value tiles in shared memory: slots - 1 of them are on their way while one is in use
  int blocks;  // blocks that fit on a multiprocessor

  constexpr int rows() const { return 16 * row_fragments * row_warps; }
  constexpr int threads() const { return 32 * row_warps * key_warps; }
  constexpr bool operator==(const TileShape&) const = default;
};

/// A shape and what it costs (microseconds on an H200): a block starts and ends in `start`; a key tile takes `alone` when its block has
/// the multiprocessor to itself, and n blocks on one multiprocessor need n * `shared` for a key tile each, if that is more.
struct TileCost {
  TileShape shape;
  float start, alone, shared;
};

/// Head dimensions that the tensor-core kernel is compiled for; smaller ones are padded with zeros in shared memory.
constexpr int kTensorDims[] = {48, 64, 80, 96, 128, 256};

/// The tiles to choose from for one of those.
template <int kDim>
struct TensorTiles;

template <>
struct TensorTiles<48> {
  static constexpr TileCost all[] = {{{1, 1, 4, 64, 4, 3}, 3.0f, 0.60f, 0.10f}, {{1, 4, 1, 64, 4, 3}, 3.0f, 0.60f, 0.30f}, {{2, 4, 1, 64, 4, 2}, 3.5f, 0.80f, 0.50f}};
};
template <>
struct TensorTiles<64> {
  static constexpr TileCost all[] = {{{1, 1, 4, 64, 4, 3}, 3.0f, 0.60f, 0.12f}, {{1, 4, 1, 64, 4, 3}, 3.0f, 0.60f, 0.32f}, {{2, 4, 1, 64, 4, 2}, 3.5f, 0.85f, 0.55f}};
};
template <>
struct TensorTiles<80> {
  static constexpr TileCost all[] = {{{1, 1, 4, 64, 4, 3}, 3.0f, 0.60f, 0.14f}, {{1, 4, 1, 64, 4, 3}, 3.0f, 0.65f, 0.38f}, {{2, 4, 1, 64, 4, 2}, 3.5f, 0.90f, 0.62f}};
};
template <>
struct TensorTiles<96> {
  static constexpr TileCost all[] = {{{1, 1, 4, 64, 4, 3}, 3.0f, 0.60f, 0.16f}, {{1, 4, 1, 64, 4, 2}, 3.0f, 0.70f, 0.45f}, {{2, 4, 1, 64, 3, 2}, 3.5f, 1.00f, 0.72f}};
};
template <>
struct TensorTiles<128> {
  static constexpr TileCost all[] = {{{1, 1, 4, 64, 4, 3}, 3.0f, 0.65f, 0.20f}, {{1, 4, 1, 64, 4, 2}, 3.0f, 0.80f, 0.58f}, {{2, 4, 1, 64, 3, 2}, 3.5f, 1.30f, 0.95f}};
};
template <>
struct TensorTiles<256> {
  static constexpr TileCost all[] = {{{1, 1, 4, 64, 3, 2}, 3.5f, 0.90f, 0.40f}, {{1, 4, 1, 64, 2, 2}, 3.5f, 1.90f, 1.40f}, {{1, 6, 1, 64, 3, 1}, 4.0f, 2.40f, 2.20f}};
};

/// The kernel to use and how many blocks share the keys of a row tile.
struct AttentionPlan {
  int dim = 0;   // compiled head dimension, 0: the general kernel
  int tile = 0;  // index into TensorTiles<dim>::all
  int splits = 1;
};

/// Rows and keys of a block of the general kernel.
constexpr int kGeneralRows = 16, kGeneralKeys = 64;

std::span<const TileCost> tiles_of(int dim);

/// True when the tensor-core kernel can run: 16-bit elements, a head dimension it is compiled for, 16-byte alignment throughout.
bool fits_tensor_cores(const AttentionArgs& args);

AttentionPlan plan_attention(const AttentionArgs& args, int multiprocessors);

/// Predicted microseconds of one tile with a number of splits; the plan is the minimum over both.
double predict(const AttentionArgs& args, const TileCost& tile, int splits, int multiprocessors);

}  // namespace flashrt
