// Activations with an optional bias: Gelu, Silu, Relu, and BiasAdd, whose activation is none.
#pragma once

#include "kernels/core/functors.h"
#include "kernels/core/parallel.h"

#if defined(FLASHRT_WITH_CUDA)
#include <cuda_runtime_api.h>
#endif

namespace flashrt {

/// y[r, c] = rT(activation(x[r, c] + bias[r / (rows / bias_vectors), c] + position[r % position_vectors, c])), float32 inside.
///
/// Seeds: catalog rows A01..A04, M01, V02. y may be the buffer of x.
struct BiasActivationArgs {
  DType dtype = DType::none;
  Activation activation = Activation::none;
  int64_t rows = 0, cols = 0;
  const void* x = nullptr;         // [rows, cols]
  const void* bias = nullptr;      // [bias_vectors, cols] or null
  int64_t bias_vectors = 1;        // divides rows: 1 for a bias of one row, rows for one of x's shape
  const void* position = nullptr;  // [position_vectors, cols] or null
  int64_t position_vectors = 1;
  void* y = nullptr;               // [rows, cols]
};

void bias_activation_cpu(const BiasActivationArgs& args, const Parallel& parallel);
#if defined(FLASHRT_WITH_CUDA)
void bias_activation_cuda(const BiasActivationArgs& args, cudaStream_t stream);
#endif

}  // namespace flashrt
