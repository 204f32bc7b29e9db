// What one thread does to its columns of one row: reading what is normalised, and scaling, shifting and storing the result.
#pragma once

#include <cstring>

#include "kernels/core/vec.cuh"
#include "kernels/norm/row_norm.h"

namespace flashrt {
namespace {

/// What an instantiation can do. The plain forms keep a row in its storage type, which holds exactly what is normalised; together with
/// the operands left out that halves the registers, and registers decide how many rows are in flight.
enum class Features {
  plain,      // x, weight, beta
  modulated,  // and scale, shift, gate_in, gate_out
  residual,   // plain and residual, residual_out, bias
  full        // everything
};
constexpr bool has_residual(Features f) { return f == Features::residual || f == Features::full; }
constexpr bool has_modulation(Features f) { return f == Features::modulated || f == Features::full; }

template <typename T>
__device__ __forceinline__ const T* row_of(const RowVectors& operand, int64_t row, int64_t rows) {
  if (operand.data == nullptr) return nullptr;
  const T* data = static_cast<const T*>(operand.data);
  if (operand.vectors == 1) return data;
  return data + (operand.vectors == rows ? row : row / (rows / operand.vectors)) * operand.pitch;
}

/// What is kept of a row between the passes: N columns, as floats or in the storage type.
template <typename T, int N, bool kExact>
struct Kept {
  Vec<std::conditional_t<kExact, float, T>, N> v;
  __device__ __forceinline__ float operator[](int i) const { return to_float(v.at[i]); }

  /// Keeps the compiler from carrying the floats of one pass to the next, in twice the registers: it has to widen again.
  __device__ __forceinline__ void forget_floats() {
    static_assert(sizeof(v) == 16);
    uint4 u;
    memcpy(&u, &v, 16);
    asm volatile("" : "+r"(u.x), "+r"(u.y), "+r"(u.z), "+r"(u.w));
    memcpy(&v, &u, 16);
  }
};

/// The operands of one row, and R for a vector of its columns.
template <typename T, int N, Features kFeatures>
struct Row {
  static constexpr bool kFull = kFeatures == Features::full, kResidual = has_residual(kFeatures);
  using KeptVec = Kept<T, N, kFull>;
  const T *x, *residual = nullptr, *gate = nullptr, *bias = nullptr;
  bool rounded = true;

  __device__ Row(const RowNormArgs& a, int64_t row) : x(static_cast<const T*>(a.x) + row * a.cols) {
    if constexpr (kResidual) {
      if (!kFull || a.residual != nullptr) residual = static_cast<const T*>(a.residual) + row * a.cols;
      bias = static_cast<const T*>(a.bias.data);
    }
    if constexpr (kFull) {
      gate = row_of<T>(a.gate, row, a.rows);
      rounded = a.residual != nullptr && !a.unrounded;
    }
  }

  /// R before rounding.
  __device__ __forceinline__ void sum(int64_t column, float (&r)[N]) const {
    load_floats<T, N>(x + column, r);
    if constexpr (kResidual) {
      if (kFull && residual == nullptr) return;
      float base[N], other[N];
      load_floats<T, N>(residual + column, base);
      if (kFull && gate != nullptr) {
        if (bias != nullptr) add(bias + column, r);
        load_floats<T, N>(gate + column, other);
#pragma unroll
        for (int i = 0; i < N; ++i) r[i] = base[i] + r[i] * other[i];
        return;
      }
#pragma unroll
      for (int i = 0; i < N; ++i) r[i] = base[i] + r[i];
      if (bias != nullptr) add(bias + column, r);
    }
  }

  /// What is normalised, rT(R) or R, for a vector of columns; returns the sum of squares of R itself.
  __device__ __forceinline__ float load(int64_t column, KeptVec& kept) const {
    float r[N], squares = 0;
    sum(column, r);
#pragma unroll
    for (int i = 0; i < N; ++i) squares += r[i] * r[i];
    if constexpr (kFull) {
#pragma unroll
      for (int i = 0; i < N; ++i) kept.v.at[i] = rounded ? to_float(from_float<T>(r[i])) : r[i];
    } else {
      kept.v = narrow<T, N>(r);
    }
    return squares;
  }

 private:
  static __device__ __forceinline__ void add(const T* from, float (&r)[N]) {
    float other[N];
    load_floats<T, N>(from, other);
#pragma unroll
    for (int i = 0; i < N; ++i) r[i] += other[i];
  }
};

template <typename KeptVec, int N>
__device__ __forceinline__ float sum_of(const KeptVec& kept) {
  float total = 0;
#pragma unroll
  for (int i = 0; i < N; ++i) total += kept[i];
  return total;
}

template <typename KeptVec, int N>
__device__ __forceinline__ float squares_of(const KeptVec& kept, float center) {
  float total = 0;
#pragma unroll
  for (int i = 0; i < N; ++i) total += (kept[i] - center) * (kept[i] - center);
  return total;
}

/// The operands of a vector of columns that all rows, or all rows of a batch, share.
template <typename T, int N, Features kFeatures>
struct Operands {
  Vec<T, N> weight, beta;
  Vec<T, has_modulation(kFeatures) ? N : 1> scale, shift;
};

/// Scales, shifts and stores one vector of a row.
template <typename T, int N, Features kFeatures, RowStatistic kStatistic>
struct Finish {
  static constexpr bool kModulation = has_modulation(kFeatures), kResidual = has_residual(kFeatures);
  using V = Vec<T, N>;
  const T *weight, *beta, *scale = nullptr, *shift = nullptr, *gate_in = nullptr;
  T *residual_out = nullptr, *gate_out = nullptr, *y;
  Float8E4M3* y_quantized;
  bool clamped;
  float inverse = 1.0f;

  __device__ Finish(const RowNormArgs& a, int64_t row)
      : weight(static_cast<const T*>(a.weight.data)),
        beta(static_cast<const T*>(a.beta.data)),
        y(a.y == nullptr ? nullptr : static_cast<T*>(a.y) + row * a.cols),
        y_quantized(a.y_quantized == nullptr ? nullptr : a.y_quantized + row * a.cols),
        clamped(a.quant_scale != nullptr) {
    if (clamped) inverse = inverse_scale(*a.quant_scale);
    if constexpr (kResidual) residual_out = a.residual_out == nullptr ? nullptr : static_cast<T*>(a.residual_out) + row * a.cols;
    if constexpr (kModulation) {
      scale = row_of<T>(a.scale, row, a.rows);
      shift = row_of<T>(a.shift, row, a.rows);
      gate_in = row_of<T>(a.gate_in, row, a.rows);
      gate_out = a.gate_out == nullptr ? nullptr : static_cast<T*>(a.gate_out) + row * a.cols;
    }
  }

  __device__ __forceinline__ void load(int column, Operands<T, N, kFeatures>& to) const {
    if (weight != nullptr) to.weight = *reinterpret_cast<const V*>(weight + column);
    if (beta != nullptr) to.beta = *reinterpret_cast<const V*>(beta + column);
    if constexpr (kModulation) {
      if (scale != nullptr) to.scale = *reinterpret_cast<const V*>(scale + column);
      if (shift != nullptr) to.shift = *reinterpret_cast<const V*>(shift + column);
    }
  }

  template <typename KeptVec>
  __device__ __forceinline__ void operator()(int column, const KeptVec& kept, const Operands<T, N, kFeatures>& with, float center, float factor) const {
    float v[N];
#pragma unroll
    for (int i = 0; i < N; ++i) v[i] = (kStatistic == RowStatistic::layer ? kept[i] - center : kept[i]) * factor;
    if (weight != nullptr) {
#pragma unroll
      for (int i = 0; i < N; ++i) v[i] *= to_float(with.weight.at[i]);
    }
    if (beta != nullptr) {
#pragma unroll
      for (int i = 0; i < N; ++i) v[i] += to_float(with.beta.at[i]);
    }
    if constexpr (kModulation) {
      if (scale != nullptr) {
#pragma unroll
        for (int i = 0; i < N; ++i) v[i] *= 1.0f + to_float(with.scale.at[i]);
      }
      if (shift != nullptr) {
#pragma unroll
        for (int i = 0; i < N; ++i) v[i] += to_float(with.shift.at[i]);
      }
      // The carried gate may live in the buffer that an output overwrites: it is read before the first store.
      if (gate_out != nullptr) {
        const V carried = *reinterpret_cast<const V*>(gate_in + column);
        *reinterpret_cast<V*>(gate_out + column) = carried;
      }
    }
    if constexpr (kResidual) {
      if (residual_out != nullptr) {
        float r[N];
#pragma unroll
        for (int i = 0; i < N; ++i) r[i] = kept[i];
        store_floats<T, N>(residual_out + column, r);
      }
    }
    if (y != nullptr) store_floats<T, N>(y + column, v);
    if (y_quantized == nullptr) return;
    if (clamped) {
#pragma unroll
      for (int i = 0; i < N; ++i) v[i] = clamp_float8(v[i] * inverse);
    }
    store_floats<Float8E4M3, N>(y_quantized + column, v);
  }
};

}  // namespace
}  // namespace flashrt
