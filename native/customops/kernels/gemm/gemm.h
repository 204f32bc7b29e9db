// Matrix products: one function behind Gemm, Fp8Gemm, Fp8WeightGemm, Int8Gemm and Nvfp4Gemm.
#pragma once

#include <memory>

#include "kernels/core/parallel.h"
#include "kernels/gemm/epilogue.h"

#if defined(FLASHRT_WITH_CUDA)
#include <cuda_runtime_api.h>
#endif

namespace flashrt {

struct GemmPlan;

/// d = epilogue(a @ b), a [m, k], b [k, n] or [n, k] when transposed, all row-major.
///
/// The operands are of one type, f32, f16, bf16, f8e4m3, i8, or u8 for NVFP4 (two elements in a byte, with block scales); or a is a
/// float type and b is f8e4m3. Products of everything but f32 are exact in float32 (int8: in int32), and so is the widening of FP8 and
/// NVFP4; accumulation is float32 on CUDA, float64 on the CPU; float32 operands never go through TF32.
///
/// CUDA uses cuBLASLt where it has the product: FP8 directly from compute capability 8.9 on when k and n are multiples of 16
/// (b [k, n] is transposed into scratch memory on each call: store weights transposed), otherwise widened to f16; NVFP4 directly on
/// Blackwell, otherwise widened to f16; int8 when k and n are multiples of 16. Without cuBLASLt, and for shapes it refuses, a kernel of
/// our own runs. The epilogue is fused into cuBLASLt for one scale for each operand, bias, tanh GELU (16-bit outputs) and C without an
/// activation; anything else takes a second pass over a float32 accumulator. The choice depends on shapes and alignment alone.
///
/// Seeds: catalog rows G01, G02, G03a to G03c.
struct GemmArgs {
  DType a_type = DType::none, b_type = DType::none;
  int64_t m = 0, n = 0, k = 0;
  const void* a = nullptr;
  const void* b = nullptr;
  bool transposed_b = false;
  const uint8_t* a_block_scales = nullptr;  // NVFP4: swizzled
  const uint8_t* b_block_scales = nullptr;
  Epilogue epilogue;

  bool autotune = false;                 // CUDA: time cuBLASLt's candidates when this product is first seen outside a capture
  std::shared_ptr<const GemmPlan> plan;  // CUDA: set by plan_gemm
  void* scratch = nullptr;               // CUDA: as many bytes as plan_gemm returned, aligned to 256
};

void gemm_cpu(const GemmArgs& args, const Parallel& parallel);

#if defined(FLASHRT_WITH_CUDA)
/// Decides how the product runs on the current device and returns the scratch memory that it needs. Host work only: looks the
/// product up in the caches of this process, and asks cuBLASLt when it is new.
size_t plan_gemm(GemmArgs& args);
void gemm_cuda(const GemmArgs& args, cudaStream_t stream);
#endif

/// What the matrix products of a device hold in this process. (Catalog rows C02, G01.)
struct GemmStats {
  int64_t workspace_bytes = 0;  // the most that cuBLASLt may take of a call's scratch memory
  int64_t cached_shapes = 0, autotuned_shapes = 0;
  int32_t cublaslt_version = 0;  // 0: not loaded
  std::string cublaslt;          // the library's path, or why there is none
};

#if defined(FLASHRT_WITH_CUDA)
/// Of the current device; loads cuBLASLt when nothing has yet.
GemmStats gemm_stats();
/// Version of cuBLASLt when it is loaded already, otherwise 0.
int32_t loaded_cublaslt_version();
/// NVFP4 products run on the current device's tensor cores. Loads cuBLASLt only where the device has them.
bool has_native_nvfp4();
/// This build has kernels for compute capability 10.0 and knows cuBLASLt's block-scaled products.
bool built_for_sm100();
#endif

}  // namespace flashrt
