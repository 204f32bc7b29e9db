#include "kernels/core/launch.cuh"
#include "kernels/core/reduce.cuh"
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

constexpr int kBlockThreads = 256;   // of a block that owns one row, at most
constexpr int kGroupThreads = 128;   // of a block that packs several short rows

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

/// Scales, shifts and stores one vector of a row.
template <typename T, int N, Features kFeatures>
struct Finish {
  static constexpr bool kModulation = has_modulation(kFeatures), kResidual = has_residual(kFeatures);
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

  /// `w` holds the weight's columns already.
  template <typename KeptVec>
  __device__ __forceinline__ void operator()(int64_t column, const KeptVec& kept, const Vec<T, N>& w, float center, float factor) const {
    float v[N], operand[N];
#pragma unroll
    for (int i = 0; i < N; ++i) v[i] = (kept[i] - center) * factor;
    if (weight != nullptr) {
#pragma unroll
      for (int i = 0; i < N; ++i) v[i] *= to_float(w.at[i]);
    }
    if (beta != nullptr) {
      load_floats<T, N>(beta + column, operand);
#pragma unroll
      for (int i = 0; i < N; ++i) v[i] += operand[i];
    }
    if constexpr (kModulation) {
      if (scale != nullptr) {
        load_floats<T, N>(scale + column, operand);
#pragma unroll
        for (int i = 0; i < N; ++i) v[i] *= 1.0f + operand[i];
      }
      if (shift != nullptr) {
        load_floats<T, N>(shift + column, operand);
#pragma unroll
        for (int i = 0; i < N; ++i) v[i] += operand[i];
      }
      // The carried gate may live in the buffer that an output overwrites: it is read before the first store.
      if (gate_out != nullptr) {
        const Vec<T, N> carried = *reinterpret_cast<const Vec<T, N>*>(gate_in + column);
        *reinterpret_cast<Vec<T, N>*>(gate_out + column) = carried;
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

/// How a row is shared out: kGroup threads own it, 16 or 32 of a block that packs rows, or 0 for the whole block; each keeps kKeep
/// vectors in registers. What is left of a longer row is computed again from the inputs in each pass.
template <int kGroup, int kKeep, Features kFeatures>
struct Plan {
  static constexpr int kThreads = kGroup != 0 ? kGroupThreads : kBlockThreads;
  static constexpr int kRowsPerBlock = kGroup == 0 ? 1 : kGroupThreads / kGroup;
  /// Blocks that must fit on a multiprocessor: this is what bounds the registers. The full form keeps floats, which needs more of them.
  static constexpr int kResident = (kFeatures == Features::full ? 640 : kFeatures == Features::plain ? 1536 : 1024) / kThreads;
  /// Weights are loaded before the reduction, whose wait they share, unless the row itself takes the registers.
  static constexpr bool kEarlyWeight = kKeep <= 2;
};

template <typename T, int N, Features kFeatures, int kGroup, int kKeep>
__global__ void __launch_bounds__(Plan<kGroup, kKeep, kFeatures>::kThreads, Plan<kGroup, kKeep, kFeatures>::kResident)
    row_norm_kernel(const __grid_constant__ RowNormArgs a) {
  using KeptVec = typename Row<T, N, kFeatures>::KeptVec;
  using P = Plan<kGroup, kKeep, kFeatures>;
  __shared__ float scratch[32];
  const int threads = kGroup == 0 ? blockDim.x : kGroup;
  const int thread = kGroup == 0 ? threadIdx.x : threadIdx.x % kGroup;
  const int64_t own = kGroup == 0 ? blockIdx.x : static_cast<int64_t>(blockIdx.x) * P::kRowsPerBlock + threadIdx.x / kGroup;
  const bool live = own < a.rows;  // a group past the end still takes part in the shuffles
  const int64_t row = live ? own : 0;
  const int vectors = live ? static_cast<int>(a.cols / N) : 0;
  const auto reduce = [&](float value) {
    if constexpr (kGroup == 0) return block_reduce<Sum>(value, scratch);
    else return warp_reduce<Sum, kGroup>(value);
  };
  const auto load_weight = [&](int column, Vec<T, N>& w) {
    if (a.weight.data != nullptr) w = *reinterpret_cast<const Vec<T, N>*>(static_cast<const T*>(a.weight.data) + column);
  };

  // Both ends of the row are set up before the reduction, so that what they load (the scale among it) shares its wait.
  const Row<T, N, kFeatures> in(a, row);
  const Finish<T, N, kFeatures> finish(a, row);
  KeptVec kept[kKeep], again;
  Vec<T, N> w[kKeep], w_again;
  const bool layer = a.statistic == RowStatistic::layer;
  float total = 0, squares = 0;
#pragma unroll
  for (int k = 0; k < kKeep; ++k) {
    const int v = thread + k * threads;
    if (v < vectors) {
      squares += in.load(static_cast<int64_t>(v) * N, kept[k]);
      if constexpr (P::kEarlyWeight) load_weight(v * N, w[k]);
      total += sum_of<KeptVec, N>(kept[k]);
    }
  }
  for (int v = thread + kKeep * threads; v < vectors; v += threads) {
    squares += in.load(static_cast<int64_t>(v) * N, again);
    total += sum_of<KeptVec, N>(again);
  }

  const float count = static_cast<float>(a.cols);
  float center = 0, spread;
  if (layer) {
    center = reduce(total) / count;
    float deviation = 0;
#pragma unroll
    for (int k = 0; k < kKeep; ++k)
      if (thread + k * threads < vectors) deviation += squares_of<KeptVec, N>(kept[k], center);
    for (int v = thread + kKeep * threads; v < vectors; v += threads) {
      in.load(static_cast<int64_t>(v) * N, again);
      deviation += squares_of<KeptVec, N>(again, center);
    }
    spread = reduce(deviation) / count;
  } else {
    spread = reduce(squares) / count;
  }
  const float factor = rsqrtf(spread + a.epsilon);

#pragma unroll
  for (int k = 0; k < kKeep; ++k) {
    const int v = thread + k * threads;
    if (v >= vectors) continue;
    if constexpr (!P::kEarlyWeight) load_weight(v * N, w[k]);
    finish(static_cast<int64_t>(v) * N, kept[k], w[k], center, factor);
  }
  for (int v = thread + kKeep * threads; v < vectors; v += threads) {
    in.load(static_cast<int64_t>(v) * N, again);
    load_weight(v * N, w_again);
    finish(static_cast<int64_t>(v) * N, again, w_again, center, factor);
  }
}

template <typename T, int N, Features kFeatures, int kGroup, int kKeep>
void launch_plan(const RowNormArgs& a, cudaStream_t stream) {
  using P = Plan<kGroup, kKeep, kFeatures>;
  const int64_t blocks = ceil_div(a.rows, P::kRowsPerBlock), threads = ceil_div(ceil_div(a.cols / N, kKeep), 32) * 32;
  check(blocks <= 2147483647 && a.cols <= 2147483647, "row normalisation: ", a.rows, " rows of ", a.cols, " are more than a launch can cover");
  const int block = kGroup != 0 || threads > P::kThreads ? P::kThreads : static_cast<int>(threads);
  launch("row_norm", row_norm_kernel<T, N, kFeatures, kGroup, kKeep>, {dim3(static_cast<unsigned>(blocks)), dim3(static_cast<unsigned>(block))}, stream, a);
}

/// Short rows are packed into blocks; longer ones get a block each, with one vector for each thread while it lasts.
template <typename T, int N, Features kFeatures>
void launch_rows(const RowNormArgs& a, cudaStream_t stream) {
  const int64_t vectors = a.cols / N;
  if (vectors <= 16) launch_plan<T, N, kFeatures, 16, 1>(a, stream);
  else if (vectors <= 32) launch_plan<T, N, kFeatures, 32, 1>(a, stream);
  else if (vectors <= kBlockThreads) launch_plan<T, N, kFeatures, 0, 1>(a, stream);
  else if (vectors <= 2 * kBlockThreads) launch_plan<T, N, kFeatures, 0, 2>(a, stream);
  else launch_plan<T, N, kFeatures, 0, 4>(a, stream);
}

Features features_of(const RowNormArgs& a) {
  const bool modulated = a.scale.data != nullptr || a.shift.data != nullptr || a.gate_out != nullptr;
  const bool shared = a.weight.vectors == 1 && a.beta.vectors == 1 && a.bias.vectors == 1;
  check(shared, "row normalisation: weight, beta and bias are one vector each");
  if (a.residual == nullptr) return modulated ? Features::modulated : Features::plain;
  return modulated || a.gate.data != nullptr || a.unrounded ? Features::full : Features::residual;
}

template <typename T>
bool vectorizes(const RowNormArgs& a) {
  constexpr int n = kVecSize<T>;
  bool aligned = is_aligned(a.y_quantized, a.cols, 1, n);
  for (const void* matrix : {a.x, a.residual, const_cast<const void*>(a.residual_out), const_cast<const void*>(a.gate_out),
                             const_cast<const void*>(a.y)})
    aligned = aligned && is_aligned(matrix, a.cols, sizeof(T), n);
  for (const RowVectors* operand : {&a.gate, &a.bias, &a.weight, &a.beta, &a.scale, &a.shift, &a.gate_in})
    aligned = aligned && is_aligned(operand->data, operand->pitch, sizeof(T), n);
  return aligned;
}

}  // namespace

void row_norm_cuda(const RowNormArgs& a, cudaStream_t stream) {
  if (a.rows == 0 || a.cols == 0) return;
  const Features features = features_of(a);
  dispatch_float(a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    constexpr int kN = kVecSize<T>;
    if (!vectorizes<T>(a)) {
      // Odd sizes and views: one element at a time, with every feature, so that one instantiation serves them all.
      if (a.cols <= 32) launch_plan<T, 1, Features::full, 32, 1>(a, stream);
      else launch_plan<T, 1, Features::full, 0, 4>(a, stream);
    } else if (features == Features::plain) {
      launch_rows<T, kN, Features::plain>(a, stream);
    } else if (features == Features::modulated) {
      launch_rows<T, kN, Features::modulated>(a, stream);
    } else if (features == Features::residual) {
      launch_rows<T, kN, Features::residual>(a, stream);
    } else {
      launch_rows<T, kN, Features::full>(a, stream);
    }
  });
}

}  // namespace flashrt
