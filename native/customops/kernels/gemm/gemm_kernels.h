// Our own CUDA kernels around and instead of cuBLASLt.
#pragma once

#include <cuda_runtime_api.h>

#include "kernels/gemm/epilogue.h"

namespace flashrt {

/// to[c, r] = from[r, c], bytes.
void transpose_bytes_cuda(const uint8_t* from, uint8_t* to, int64_t rows, int64_t cols, cudaStream_t stream);

/// The epilogue over an accumulator [m, n] of float32, or of int32. The accumulator may be d.
void finish_cuda(const Epilogue& epilogue, const void* acc, bool integer, int64_t m, int64_t n, cudaStream_t stream);

/// A product of any size and alignment; b is [k, n], or [n, k] when transposed. Both operands f32, f16, bf16, f8e4m3 or i8, or a float
/// type with f8e4m3. Plain multiply-adds in float32 (int8: int32).
struct TiledGemmArgs {
  DType a_type, b_type;
  const void *a, *b;
  int64_t m, n, k;
  bool transposed_b;
  Epilogue epilogue;
};
void tiled_gemm_cuda(const TiledGemmArgs& args, cudaStream_t stream);

/// Rows of a float type with FP8 weights b [n, k], for few rows: the weights are read once, 16 bytes at a time.
struct WeightGemvArgs {
  DType type;  // of a
  const void* a;
  const Float8E4M3* b;
  int64_t m, n, k;
  Epilogue epilogue;
};
constexpr int64_t kWeightGemvRows = 16;
bool weight_gemv_takes(const WeightGemvArgs& args);
void weight_gemv_cuda(const WeightGemvArgs& args, cudaStream_t stream);

}  // namespace flashrt
