// How a matrix product runs on CUDA.
#pragma once

#include "kernels/gemm/gemm.h"
#include "kernels/gemm/runner.h"

namespace flashrt {

/// What an operand goes through before the product.
enum class Preparation : int32_t { none, widen_float8, widen_nvfp4, transpose };

/// An operand as the product reads it. Prepared operands lie in the scratch memory.
struct PlannedOperand {
  DType type = DType::none;
  Preparation preparation = Preparation::none;
  size_t offset = 0;
};

struct GemmPlan {
  enum class Route : int32_t { tiled, gemv, library };

  Route route = Route::tiled;
  PlannedOperand a, b;
  bool transposed_b = false;

  // Route::library
  Product product{};
  Algorithm algorithm{};
  bool fused = false;             // cuBLASLt writes d; otherwise an accumulator, which the epilogue pass reads
  bool accumulates_in_d = false;  // the accumulator is d itself
  bool tunes = false;
  size_t accumulator = 0, workspace = 0, trial = 0;  // offsets; `trial` takes the output while candidates are timed

  size_t scratch_bytes = 0;
};

}  // namespace flashrt
