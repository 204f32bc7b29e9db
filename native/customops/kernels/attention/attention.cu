#include "kernels/attention/attention.h"

#include "kernels/attention/combine_kernel.cuh"
#include "kernels/attention/general_kernel.cuh"
#include "kernels/attention/launchers.h"
#include "kernels/core/launch.cuh"

namespace flashrt {
namespace {

AttentionPlan plan_here(const AttentionArgs& a) {
  return plan_attention(a, {device_attribute(cudaDevAttrMultiProcessorCount), device_attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin),
                            device_attribute(cudaDevAttrMaxSharedMemoryPerMultiprocessor)});
}

bool is_empty(const AttentionArgs& a) { return a.batch == 0 || a.heads == 0 || a.queries == 0 || a.value_dim == 0; }

unsigned checked_grid(int64_t blocks) {
  check(blocks <= 2147483647, "attention: too many rows for one launch (", blocks, " blocks)");
  return static_cast<unsigned>(blocks);
}

template <typename T, int kLaneColumns>
void launch_general_columns(const AttentionArgs& a, const Partials& partials, cudaStream_t stream) {
  const int64_t row_tiles = ceil_div(a.queries * (a.heads / a.kv_heads), kGeneralRows), column_parts = ceil_div(a.value_dim, 32 * kLaneColumns);
  check(column_parts <= 65535, "attention: a value dimension of ", a.value_dim, " is too large");
  const dim3 grid(checked_grid(a.batch * a.kv_heads * row_tiles * partials.splits), static_cast<unsigned>(column_parts));
  launch("attention", attention_general_kernel<T, kLaneColumns>, {grid, dim3(32 * kGeneralWarps)}, stream, a, partials);
}

void launch_general(const AttentionArgs& a, const Partials& partials, cudaStream_t stream) {
  dispatch_float(a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if (a.value_dim <= 64) launch_general_columns<T, 2>(a, partials, stream);
    else if (a.value_dim <= 128) launch_general_columns<T, 4>(a, partials, stream);
    else launch_general_columns<T, 8>(a, partials, stream);
  });
}

template <typename T>
void launch_for_dim(const AttentionArgs& a, const AttentionPlan& plan, const Partials& partials, cudaStream_t stream) {
  switch (plan.dim) {
    case 48: return launch_tensor<T, 48>(plan.tile, a, partials, stream);
    case 64: return launch_tensor<T, 64>(plan.tile, a, partials, stream);
    case 72: return launch_tensor<T, 72>(plan.tile, a, partials, stream);
    case 80: return launch_tensor<T, 80>(plan.tile, a, partials, stream);
    case 96: return launch_tensor<T, 96>(plan.tile, a, partials, stream);
    case 128: return launch_tensor<T, 128>(plan.tile, a, partials, stream);
    case 256: return launch_tensor<T, 256>(plan.tile, a, partials, stream);
    default: check(false, "attention: no kernel for a plan of head dimension ", plan.dim);
  }
}

}  // namespace

Partials partials_of(const AttentionArgs& a, int splits) {
  Partials partials;
  partials.rows = a.batch * a.heads * a.queries;
  partials.splits = splits;
  partials.values = static_cast<float*>(a.scratch);
  partials.highest = partials.values + splits * partials.rows * a.value_dim;
  partials.sums = partials.highest + splits * partials.rows;
  return partials;
}

int64_t scratch_bytes_of(const AttentionArgs& a, const AttentionPlan& plan) {
  return plan.splits == 1 ? 0 : plan.splits * a.batch * a.heads * a.queries * (a.value_dim + 2) * static_cast<int64_t>(sizeof(float));
}

void combine_partials(const AttentionArgs& a, const Partials& partials, cudaStream_t stream) {
  check(partials.rows <= 2147483647, "attention: too many rows for split keys: ", partials.rows);
  const int warps = combine_row_warps(partials.rows);
  const dim3 grid(static_cast<unsigned>(ceil_div(partials.rows, kCombineWarps / warps))), block(32 * kCombineWarps);
  dispatch_float(a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const AttentionStrides& s = a.o_strides;
    const bool aligned = a.value_dim % 4 == 0 && is_aligned(a.scratch, a.value_dim, sizeof(float), 4) && is_aligned(a.o, s.row, sizeof(T), 4) &&
                         s.batch % 4 == 0 && s.head % 4 == 0;
    const auto run = [&](auto kernel) { launch("attention combine", kernel, {grid, block}, stream, a, partials); };
    if (warps == 1) run(aligned ? attention_combine_kernel<T, 4, 1> : attention_combine_kernel<T, 1, 1>);
    else run(aligned ? attention_combine_kernel<T, 4, kCombineWarps> : attention_combine_kernel<T, 1, kCombineWarps>);
  });
}

void attention_planned(const AttentionArgs& a, const AttentionPlan& plan, cudaStream_t stream) {
  if (is_empty(a)) return;
  const Partials partials = partials_of(a, plan.splits);
  if (plan.dim == 0) launch_general(a, partials, stream);
  else if (a.dtype == DType::f16) launch_for_dim<Float16>(a, plan, partials, stream);
  else launch_for_dim<BFloat16>(a, plan, partials, stream);
  if (plan.splits > 1) combine_partials(a, partials, stream);
}

int64_t attention_scratch_bytes(const AttentionArgs& a) { return is_empty(a) ? 0 : scratch_bytes_of(a, plan_here(a)); }

void attention_cuda(const AttentionArgs& a, cudaStream_t stream) {
  if (is_empty(a)) return;
  const AttentionPlan plan = plan_here(a);
  check(plan.splits == 1 || a.scratch != nullptr, "attention: needs ", scratch_bytes_of(a, plan), " bytes of scratch memory");
  attention_planned(a, plan, stream);
}

}  // namespace flashrt
