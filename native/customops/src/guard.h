// Statuses, messages and the current device, for every function of the C interface.
#pragma once

#include <exception>
#include <string>

#include "include/flashrt.h"
#include "kernels/core/check.h"

#if defined(FLASHRT_WITH_CUDA)
#include <cuda_runtime.h>
#endif

namespace flashrt::capi {

/// What flashrt_last_error() returns.
inline thread_local std::string t_last_error;

struct Failure : flashrt::Error {
  Failure(flashrt_status code, const std::string& text) : flashrt::Error(text), code(code) {}
  flashrt_status code;
};

inline void require(bool condition, const std::string& text) {
  if (!condition) throw Failure(FLASHRT_ERROR_INVALID_ARGUMENT, text);
}

/// Runs the body and turns what it throws into a status and a message.
template <typename Body>
flashrt_status guarded(const char* function, Body&& body) {
  try {
    body();
    return FLASHRT_OK;
  } catch (const Failure& failure) {
    t_last_error = std::string(function) + ": " + failure.what();
    return failure.code;
  } catch (const std::exception& error) {
    t_last_error = std::string(function) + ": " + error.what();
    return FLASHRT_ERROR_INTERNAL;
  }
}

#if defined(FLASHRT_WITH_CUDA)

inline void check_cuda(cudaError_t status, const char* call) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // the error is reported here; the next call must not report it again
  const bool none = status == cudaErrorNoDevice || status == cudaErrorInsufficientDriver;
  throw Failure(none ? FLASHRT_ERROR_NO_DEVICE : FLASHRT_ERROR_CUDA,
                std::string(call) + " failed: " + cudaGetErrorName(status) + " (" + cudaGetErrorString(status) + ")");
}

/// Makes a device current for one call and restores the caller's.
class DeviceScope {
 public:
  explicit DeviceScope(int device) {
    int count = 0;
    check_cuda(cudaGetDeviceCount(&count), "cudaGetDeviceCount");
    require(device >= 0 && device < count, "device must be 0.." + std::to_string(count - 1) + ", got " + std::to_string(device));
    check_cuda(cudaGetDevice(&previous_), "cudaGetDevice");
    if (previous_ != device) check_cuda(cudaSetDevice(device), "cudaSetDevice");
    current_ = device;
  }
  ~DeviceScope() {
    if (previous_ != current_) cudaSetDevice(previous_);
  }
  DeviceScope(const DeviceScope&) = delete;
  DeviceScope& operator=(const DeviceScope&) = delete;

 private:
  int previous_ = 0, current_ = 0;
};

template <typename Body>
flashrt_status on_device(const char* function, int32_t device, Body&& body) {
  return guarded(function, [&] {
    const DeviceScope scope(device);
    body();
  });
}

#else

template <typename Body>
flashrt_status on_device(const char* function, int32_t, Body&&) {
  return guarded(function, [] {
    throw Failure(FLASHRT_ERROR_NO_DEVICE, "this build of the library has no CUDA kernels: build it with nvcc on PATH (./build.sh native)");
  });
}

#endif

}  // namespace flashrt::capi
