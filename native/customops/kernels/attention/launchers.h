// The launches behind attention_cuda, each compiled in a file of its own.
#pragma once

#include "kernels/attention/rows.cuh"
#include "kernels/attention/tiling.h"

namespace flashrt {

/// Runs tile number `tile` of TensorTiles<kDim>; T is Float16 or BFloat16.
template <typename T, int kDim>
void launch_tensor(int tile, const AttentionArgs& args, const Partials& partials, cudaStream_t stream);

/// attention_cuda with a plan of the caller's choice; args.scratch holds scratch_bytes_of(args, plan).
void attention_planned(const AttentionArgs& args, const AttentionPlan& plan, cudaStream_t stream);
int64_t scratch_bytes_of(const AttentionArgs& args, const AttentionPlan& plan);

/// Where partial results lie in `args.scratch`.
Partials partials_of(const AttentionArgs& args, int splits);
void combine_partials(const AttentionArgs& args, const Partials& partials, cudaStream_t stream);

}  // namespace flashrt
