// Plain copies, conversions and fills.
#pragma once

#include "kernels/core/dtype.h"
#include "kernels/core/parallel.h"

#if defined(FLASHRT_WITH_CUDA)
#include <cuda_runtime_api.h>
#endif

namespace flashrt {

/// `bytes` bytes from one buffer to another that does not overlap it. Seed: catalog row M03.
struct CopyArgs {
  const void* from = nullptr;
  void* to = nullptr;
  int64_t bytes = 0;
};

/// y = r16(x): overflow becomes infinity, NaN stays NaN. Seed: catalog row M02.
struct CastFloat16Args {
  const float* x = nullptr;
  Float16* y = nullptr;
  int64_t count = 0;
};

/// y = -infinity. Seed: catalog row M05.
struct FillNegInfArgs {
  DType dtype = DType::none;
  void* y = nullptr;
  int64_t count = 0;
};

void copy_cpu(const CopyArgs& args, const Parallel& parallel);
void cast_float16_cpu(const CastFloat16Args& args, const Parallel& parallel);
void fill_neg_inf_cpu(const FillNegInfArgs& args, const Parallel& parallel);
#if defined(FLASHRT_WITH_CUDA)
void copy_cuda(const CopyArgs& args, cudaStream_t stream);
void cast_float16_cuda(const CastFloat16Args& args, cudaStream_t stream);
void fill_neg_inf_cuda(const FillNegInfArgs& args, cudaStream_t stream);
#endif

}  // namespace flashrt
