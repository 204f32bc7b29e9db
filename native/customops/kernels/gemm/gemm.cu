#include "kernels/core/launch.cuh"
#include "kernels/gemm/gemm_kernels.h"
#include "kernels/gemm/plan.h"
#include "kernels/quantize/dequantize_fp8.h"
#include "kernels/quantize/nvfp4.h"

namespace flashrt {
namespace {

bool is_capturing(cudaStream_t stream) {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  check_cuda(cudaStreamIsCapturing(stream, &status), "cudaStreamIsCapturing");
  return status != cudaStreamCaptureStatusNone;
}

/// The operand as the product reads it; prepares it in the scratch memory where the plan says so. `rows` x `cols` is its shape.
const void* prepared(const PlannedOperand& operand, const void* from, const uint8_t* block_scales, int64_t rows, int64_t cols, void* scratch,
                     cudaStream_t stream) {
  if (operand.preparation == Preparation::none) return from;
  void* to = static_cast<char*>(scratch) + operand.offset;
  switch (operand.preparation) {
    case Preparation::widen_float8:
      dequantize_fp8_cuda({operand.type, rows * cols, static_cast<const Float8E4M3*>(from), nullptr, to}, stream);
      break;
    case Preparation::widen_nvfp4:
      dequantize_nvfp4_cuda({operand.type, ScaleLayout::swizzled, rows, cols, static_cast<const uint8_t*>(from), block_scales, to}, stream);
      break;
    case Preparation::transpose:
      transpose_bytes_cuda(static_cast<const uint8_t*>(from), static_cast<uint8_t*>(to), rows, cols, stream);
      break;
    case Preparation::none: break;
  }
  return to;
}

void run_library(const GemmArgs& g, const GemmPlan& plan, const void* a, const void* b, cudaStream_t stream) {
  GemmRunner& runner = GemmRunner::current();
  const Epilogue& e = g.epilogue;
  char* scratch = static_cast<char*>(g.scratch);
  ProductData data;
  data.a = a;
  data.b = b;
  data.d = plan.fused || plan.accumulates_in_d ? e.d : scratch + plan.accumulator;
  if (plan.product.block_scaled) {
    data.a_scale = g.a_block_scales;
    data.b_scale = g.b_block_scales;
  } else if (plan.product.scaled) {
    data.a_scale = e.a_scale;
    data.b_scale = e.b_scale;
  }
  if (plan.fused) {
    data.alpha = e.alpha;
    data.beta = e.beta;
    data.bias = e.bias;
    data.c = e.c;
  }
  Algorithm algorithm = plan.algorithm;
  void* workspace = scratch + plan.workspace;
  if (plan.tunes && !is_capturing(stream)) {
    ProductData trial = data;
    trial.d = scratch + plan.trial;
    algorithm = runner.tune(plan.product, data, trial, workspace, stream);
  }
  runner.run(plan.product, data, algorithm, workspace, stream);
  if (!plan.fused) finish_cuda(e, data.d, plan.product.operand == CUDA_R_8I, g.m, g.n, stream);
}

}  // namespace

void gemm_cuda(const GemmArgs& g, cudaStream_t stream) {
  if (g.m == 0 || g.n == 0) return;
  check(g.plan != nullptr, "gemm_cuda runs what plan_gemm planned: call plan_gemm first");
  const GemmPlan& plan = *g.plan;
  check(plan.scratch_bytes == 0 || g.scratch != nullptr, "matrix product: ", plan.scratch_bytes, " bytes of scratch memory are missing");
  if (plan.route == GemmPlan::Route::gemv)
    return weight_gemv_cuda({g.a_type, g.a, static_cast<const Float8E4M3*>(g.b), g.m, g.n, g.k, g.epilogue}, stream);
  const void* a = prepared(plan.a, g.a, g.a_block_scales, g.m, g.k, g.scratch, stream);
  const void* b = prepared(plan.b, g.b, g.b_block_scales, g.transposed_b ? g.n : g.k, g.transposed_b ? g.k : g.n, g.scratch, stream);
  if (plan.route == GemmPlan::Route::library) return run_library(g, plan, a, b, stream);
  tiled_gemm_cuda({plan.a.type, plan.b.type, a, b, g.m, g.n, g.k, plan.transposed_b, g.epilogue}, stream);
}

GemmStats gemm_stats() {
  const GemmRunner& runner = GemmRunner::current();
  GemmStats stats;
  stats.workspace_bytes = static_cast<int64_t>(GemmRunner::kWorkspaceLimit);
  stats.cached_shapes = static_cast<int64_t>(runner.cached());
  stats.autotuned_shapes = static_cast<int64_t>(runner.tuned());
  const CublasLt* library = runner.library();
  stats.cublaslt_version = library == nullptr ? 0 : static_cast<int32_t>(library->version);
  stats.cublaslt = library == nullptr ? runner.why_no_library() : library->path;
  return stats;
}

int32_t loaded_cublaslt_version() {
  const CublasLt* library = loaded_cublaslt();
  return library == nullptr ? 0 : static_cast<int32_t>(library->version);
}

bool built_for_sm100() {
#if defined(FLASHRT_CUBLASLT_NVFP4) && defined(__CUDA_ARCH_LIST__)
  for (int architecture : {__CUDA_ARCH_LIST__})
    if (architecture / 10 == 100) return true;
#endif
  return false;
}

}  // namespace flashrt
