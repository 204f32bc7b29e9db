#include "kernels/core/launch.cuh"
#include "kernels/core/reduce.cuh"
#include "kernels/norm/row_norm_row.cuh"
#include "kernels/norm/row_norm_stream.cuh"

namespace flashrt {
namespace {

/// How a row is shared out: kGroup threads of a block of kGroupThreads own it, 16 or 32 of them, or with kGroup = 0 the whole block, of
/// at most kThreads; each keeps kKeep vectors in registers. In a kLong plan what is left of the row is computed again from the inputs in
/// each pass. kEarly: shared operands are loaded before the reduction, whose wait they share. kResident blocks must fit on a
/// multiprocessor: this is what bounds the registers.
template <int kGroupOf, int kThreadsOf, int kKeepOf, bool kEarlyOf, int kResidentOf, bool kLongOf = false>
struct Plan {
  static constexpr int kGroup = kGroupOf, kThreads = kThreadsOf, kKeep = kKeepOf, kResident = kResidentOf;
  static constexpr int kRowsPerBlock = kGroup == 0 ? 1 : kThreads / kGroup;
  static constexpr bool kEarly = kEarlyOf, kLong = kLongOf;
};

template <typename T, int N, Features kFeatures, RowStatistic kStatistic, typename P>
__global__ void __launch_bounds__(P::kThreads, P::kResident) row_norm_kernel(const __grid_constant__ RowNormArgs a) {
  using KeptVec = typename Row<T, N, kFeatures>::KeptVec;
  constexpr bool kLayer = kStatistic == RowStatistic::layer;
  constexpr int kGroup = P::kGroup, kKeep = P::kKeep;
  __shared__ float scratch[2][32];
  const int threads = kGroup == 0 ? blockDim.x : kGroup;
  const int thread = kGroup == 0 ? threadIdx.x : threadIdx.x % kGroup;
  const int64_t own = kGroup == 0 ? blockIdx.x : static_cast<int64_t>(blockIdx.x) * P::kRowsPerBlock + threadIdx.x / kGroup;
  const bool live = kGroup == 0 || own < a.rows;  // a group past the end still takes part in the shuffles
  const int64_t row = live ? own : 0;
  const int vectors = live ? static_cast<int>(a.cols) / N : 0;
  const auto reduce = [&](float value, int use) {
    if constexpr (kGroup == 0) return block_reduce_fresh<Sum>(value, scratch[use]);
    else return warp_reduce<Sum, kGroup>(value);
  };

  // Both ends of the row are set up before the reduction, so that what they load (the scale among it) shares its wait.
  const Row<T, N, kFeatures> in(a, row);
  const Finish<T, N, kFeatures, kStatistic> finish(a, row);
  KeptVec kept[kKeep], again;
  Operands<T, N, kFeatures> with[P::kEarly ? kKeep : 1];
  float total = 0, squares = 0;
  const auto take = [&](int v, KeptVec& into) {
    const float of_row = in.load(static_cast<int64_t>(v) * N, into);
    if constexpr (kLayer) total += sum_of<KeptVec, N>(into);
    else squares += of_row;
  };
#pragma unroll
  for (int k = 0; k < kKeep; ++k)
    if (const int v = thread + k * threads; v < vectors) {
      take(v, kept[k]);
      if constexpr (P::kEarly) finish.load(v * N, with[k]);
    }
  if constexpr (P::kLong)
    for (int v = thread + kKeep * threads; v < vectors; v += threads) take(v, again);

  const float count = static_cast<float>(a.cols);
  float center = 0, spread;
  if constexpr (kLayer) {
    center = reduce(total, 0) / count;
    float deviation = 0;
#pragma unroll
    for (int k = 0; k < kKeep; ++k)
      if (thread + k * threads < vectors) deviation += squares_of<KeptVec, N>(kept[k], center);
    if constexpr (P::kLong)
      for (int v = thread + kKeep * threads; v < vectors; v += threads) {
        in.load(static_cast<int64_t>(v) * N, again);
        deviation += squares_of<KeptVec, N>(again, center);
      }
    spread = reduce(deviation, 1) / count;
  } else {
    spread = reduce(squares, 0) / count;
  }
  const float factor = rsqrtf(spread + a.epsilon);

#pragma unroll
  for (int k = 0; k < kKeep; ++k)
    if (const int v = thread + k * threads; v < vectors) {
      if constexpr (P::kEarly) {
        finish(v * N, kept[k], with[k], center, factor);
      } else {
        finish.load(v * N, with[0]);
        finish(v * N, kept[k], with[0], center, factor);
      }
    }
  if constexpr (P::kLong)
    for (int v = thread + kKeep * threads; v < vectors; v += threads) {
      in.load(static_cast<int64_t>(v) * N, again);
      finish.load(v * N, with[0]);
      finish(v * N, again, with[0], center, factor);
    }
}

template <typename T, int N, Features kFeatures, RowStatistic kStatistic, typename P>
void launch_statistic(const RowNormArgs& a, cudaStream_t stream) {
  const int64_t blocks = ceil_div(a.rows, P::kRowsPerBlock), threads = ceil_div(ceil_div(a.cols / N, P::kKeep), 32) * 32;
  check(blocks <= 2147483647 && a.cols <= 2147483647, "row normalisation: ", a.rows, " rows of ", a.cols, " are more than a launch can cover");
  const int block = P::kGroup != 0 || threads > P::kThreads ? P::kThreads : static_cast<int>(threads);
  launch("row_norm", row_norm_kernel<T, N, kFeatures, kStatistic, P>, {dim3(static_cast<unsigned>(blocks)), dim3(static_cast<unsigned>(block))}, stream, a);
}

template <typename T, int N, Features kFeatures, typename P>
void launch_plan(const RowNormArgs& a, cudaStream_t stream) {
  if (a.statistic == RowStatistic::layer) launch_statistic<T, N, kFeatures, RowStatistic::layer, P>(a, stream);
  else launch_statistic<T, N, kFeatures, RowStatistic::rms, P>(a, stream);
}

/// Short rows are packed into blocks; longer ones get a block each.
template <typename T, int N, Features kFeatures>
void launch_rows(const RowNormArgs& a, cudaStream_t stream) {
  // The full form keeps floats, which needs more registers.
  constexpr int kThreads = kFeatures == Features::full ? 640 : kFeatures == Features::plain ? 1536 : 1024;
  const int64_t vectors = a.cols / N;
  if constexpr (!has_residual(kFeatures)) {
    if (Stream<T>::serves(a)) return launch_stream<T, kFeatures>(a, stream);
  }
  if (vectors <= 16) launch_plan<T, N, kFeatures, Plan<16, 128, 1, true, kThreads / 128>>(a, stream);
  else if (vectors <= 32) launch_plan<T, N, kFeatures, Plan<32, 128, 1, true, kThreads / 128>>(a, stream);
  else if (vectors <= 256) launch_plan<T, N, kFeatures, Plan<0, 256, 1, true, kThreads / 256>>(a, stream);
  else if (vectors <= 512) launch_plan<T, N, kFeatures, Plan<0, 256, 2, true, kThreads / 256>>(a, stream);
  else if (vectors <= 1024) launch_plan<T, N, kFeatures, Plan<0, 256, 4, false, kThreads / 256>>(a, stream);
  else launch_plan<T, N, kFeatures, Plan<0, 256, 4, false, kThreads / 256, true>>(a, stream);
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
      if (a.cols <= 32) launch_plan<T, 1, Features::full, Plan<32, 128, 1, true, 5>>(a, stream);
      else launch_plan<T, 1, Features::full, Plan<0, 256, 4, false, 2, true>>(a, stream);
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
