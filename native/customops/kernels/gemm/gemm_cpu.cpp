#include <algorithm>
#include <vector>

#include "kernels/gemm/gemm.h"
#include "kernels/quantize/nvfp4_format.h"

namespace flashrt {
namespace {

/// A tile of D is computed by one task, which first widens the rows of A and the columns of B that it needs.
constexpr int64_t kTileRows = 64, kTileColumns = 32;

template <typename T>
void widen(const void* from, int64_t begin, int64_t stride, int64_t count, float* to) {
  const T* x = static_cast<const T*>(from) + begin;
  for (int64_t i = 0; i < count; ++i) {
    if constexpr (std::is_same_v<T, int8_t>) to[i] = x[i * stride];
    else to[i] = to_float(x[i * stride]);
  }
}

void widen_float8(const void* from, int64_t begin, int64_t stride, int64_t count, float* to) {
  static const auto table = [] {
    std::vector<float> values(256);
    for (int code = 0; code < 256; ++code) values[code] = to_float(Float8E4M3{static_cast<uint8_t>(code)});
    return values;
  }();
  const uint8_t* x = static_cast<const uint8_t*>(from) + begin;
  for (int64_t i = 0; i < count; ++i) to[i] = table[x[i * stride]];
}

void widen_nvfp4(const void* from, const uint8_t* scales, int64_t row, int64_t k, float* to) {
  const uint8_t* packed = static_cast<const uint8_t*>(from) + row * (k / 2);
  const int64_t blocks = nvfp4_padded_blocks(k);
  for (int64_t i = 0; i < k; ++i) {
    const float scale = nvfp4_scale_value(scales[nvfp4_scale_offset(row, i / kNvfp4Block, blocks, ScaleLayout::swizzled)]);
    to[i] = e2m1_value(packed[i / 2] >> (i % 2 * 4) & 15) * scale;
  }
}

/// Vector `index` along k of an operand: begins at element `begin`, steps by `stride`.
void widen_vector(DType type, const void* from, const uint8_t* scales, int64_t index, int64_t begin, int64_t stride, int64_t k, float* to) {
  switch (type) {
    case DType::f32: return widen<float>(from, begin, stride, k, to);
    case DType::f16: return widen<Float16>(from, begin, stride, k, to);
    case DType::bf16: return widen<BFloat16>(from, begin, stride, k, to);
    case DType::i8: return widen<int8_t>(from, begin, stride, k, to);
    case DType::f8e4m3: return widen_float8(from, begin, stride, k, to);
    case DType::u8: return widen_nvfp4(from, scales, index, k, to);
    default: check(false, "matrix product: unsupported operand type ", name_of(type));
  }
}

/// Dot products of one row with four columns in float64. Four partial sums for each keep the additions independent of each other.
void dot4(const float* a, const float* const (&b)[4], int64_t k, double (&sums)[4]) {
  double partial[4][4] = {};
  int64_t i = 0;
  for (; i + 4 <= k; i += 4)
    for (int column = 0; column < 4; ++column)
      for (int lane = 0; lane < 4; ++lane) partial[column][lane] += static_cast<double>(a[i + lane]) * b[column][i + lane];
  for (int column = 0; column < 4; ++column) {
    for (int64_t rest = i; rest < k; ++rest) partial[column][0] += static_cast<double>(a[rest]) * b[column][rest];
    sums[column] = (partial[column][0] + partial[column][1]) + (partial[column][2] + partial[column][3]);
  }
}

template <typename T>
void run_tile(const GemmArgs& g, int64_t row_begin, int64_t row_end, int64_t column_begin, int64_t column_end) {
  std::vector<float> a(static_cast<size_t>(g.k)), b(static_cast<size_t>(g.k * (column_end - column_begin)));
  for (int64_t column = column_begin; column < column_end; ++column)
    widen_vector(g.b_type, g.b, g.b_block_scales, column, g.transposed_b ? column * g.k : column, g.transposed_b ? 1 : g.n, g.k,
                 b.data() + (column - column_begin) * g.k);
  for (int64_t row = row_begin; row < row_end; ++row) {
    widen_vector(g.a_type, g.a, g.a_block_scales, row, row * g.k, 1, g.k, a.data());
    for (int64_t column = column_begin; column < column_end; column += 4) {
      const float* columns[4];
      for (int64_t i = 0; i < 4; ++i) columns[i] = b.data() + (std::min(column + i, column_end - 1) - column_begin) * g.k;
      double sums[4];
      dot4(a.data(), columns, g.k, sums);
      for (int64_t i = 0; i < std::min<int64_t>(4, column_end - column); ++i)
        finish<T>(g.epilogue, static_cast<float>(sums[i]), row, column + i, row * g.n + column + i);
    }
  }
}

}  // namespace

void gemm_cpu(const GemmArgs& g, const Parallel& parallel) {
  if (g.m == 0 || g.n == 0) return;
  const int64_t row_tiles = (g.m + kTileRows - 1) / kTileRows, column_tiles = (g.n + kTileColumns - 1) / kTileColumns;
  dispatch_float(g.epilogue.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    parallel(row_tiles * column_tiles, 1, [&](int64_t begin, int64_t end) {
      for (int64_t tile = begin; tile < end; ++tile) {
        const int64_t row = tile / column_tiles * kTileRows, column = tile % column_tiles * kTileColumns;
        run_tile<T>(g, row, std::min(row + kTileRows, g.m), column, std::min(column + kTileColumns, g.n));
      }
    });
  });
}

}  // namespace flashrt
