// One explicit Euler step of a flow or diffusion sampler.
#pragma once

#include "kernels/core/dtype.h"
#include "kernels/core/parallel.h"

#if defined(FLASHRT_WITH_CUDA)
#include <cuda_runtime_api.h>
#endif

namespace flashrt {

/// y[i] = actions[i] + dt * velocity[i], float32 but for the velocity.
///
/// Seed: catalog row M07. y may be the buffer of actions. CUDA contracts the sum to one fused operation.
struct EulerStepArgs {
  DType velocity_dtype = DType::none;
  const float* actions = nullptr;  // [count]
  const void* velocity = nullptr;  // [count], already past the offset
  float* y = nullptr;              // [count]
  int64_t count = 0;
  float dt = 0;
};

void euler_step_cpu(const EulerStepArgs& args, const Parallel& parallel);
#if defined(FLASHRT_WITH_CUDA)
void euler_step_cuda(const EulerStepArgs& args, cudaStream_t stream);
#endif

}  // namespace flashrt
