// Sinusoidal embedding of timesteps, as diffusion and flow-matching models condition on.
#pragma once

#include "kernels/core/dtype.h"
#include "kernels/core/parallel.h"

#if defined(FLASHRT_WITH_CUDA)
#include <cuda_runtime_api.h>
#endif

namespace flashrt {

/// a[i] = (t[r] * f[i]) * scale, each product rounded to float32;  y[r] = [sin(a) | cos(a)], or [cos(a) | sin(a)].
///
/// Angles reach thousands of radians, so sine and cosine reduce their argument in full.
struct TimestepEmbeddingArgs {
  DType dtype = DType::none;           // of y
  const float* timesteps = nullptr;    // [rows]
  const float* frequencies = nullptr;  // [half]
  void* y = nullptr;                   // [rows, 2 * half]
  int64_t rows = 0, half = 0;
  float scale = 1;
  bool cosine_first = false;
};

void timestep_embedding_cpu(const TimestepEmbeddingArgs& args, const Parallel& parallel);
#if defined(FLASHRT_WITH_CUDA)
void timestep_embedding_cuda(const TimestepEmbeddingArgs& args, cudaStream_t stream);
#endif

}  // namespace flashrt
