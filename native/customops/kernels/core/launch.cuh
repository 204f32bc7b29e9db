// The one way kernels are launched: checked, on the caller's stream.
#pragma once

#include <cuda_runtime.h>

#include "kernels/core/check.h"

namespace flashrt {

inline void check_cuda(cudaError_t status, const char* what) {
  check(status == cudaSuccess, what, " failed: ", cudaGetErrorName(status), " (", cudaGetErrorString(status), ")");
}

/// An attribute of the current device.
inline int device_attribute(cudaDeviceAttr which) {
  int device = 0, value = 0;
  check_cuda(cudaGetDevice(&device), "cudaGetDevice");
  check_cuda(cudaDeviceGetAttribute(&value, which, device), "cudaDeviceGetAttribute");
  return value;
}

struct LaunchShape {
  dim3 grid, block;
  size_t shared_bytes = 0;
};

/// Launches `kernel` and throws when the launch is refused. A grid without blocks (an empty tensor) launches nothing.
template <typename... Parameters, typename... Arguments>
void launch(const char* name, void (*kernel)(Parameters...), const LaunchShape& shape, cudaStream_t stream, Arguments&&... arguments) {
  if (shape.grid.x == 0 || shape.grid.y == 0 || shape.grid.z == 0) return;
  cudaLaunchConfig_t config{};
  config.gridDim = shape.grid;
  config.blockDim = shape.block;
  config.dynamicSmemBytes = shape.shared_bytes;
  config.stream = stream;
  check_cuda(cudaLaunchKernelEx(&config, kernel, std::forward<Arguments>(arguments)...), name);
}

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Blocks for a grid-stride loop over `items`: enough to fill any device of today a few times over, never past the grid limit.
inline unsigned grid_for(int64_t items, int threads, int64_t most = 132 * 32) {
  const int64_t blocks = ceil_div(items, threads);
  return static_cast<unsigned>(blocks < most ? blocks : most);
}

}  // namespace flashrt
