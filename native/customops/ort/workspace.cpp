#include "ort/workspace.h"

#if defined(FLASHRT_WITH_CUDA)

#include <map>
#include <mutex>
#include <utility>

#include "kernels/core/check.h"

namespace flashrt::ort {
namespace {

struct Workspace {
  void* data = nullptr;
  size_t bytes = 0;
};

void check_cuda(cudaError_t status, const char* call) {
  check(status == cudaSuccess, call, " failed: ", cudaGetErrorName(status), " (", cudaGetErrorString(status), ")");
}

}  // namespace

void* stream_workspace(cudaStream_t stream, size_t bytes) {
  constexpr size_t kGrain = size_t{1} << 20;  // few sizes, so that slightly different shapes do not each leave a buffer behind
  int device = 0;
  check_cuda(cudaGetDevice(&device), "cudaGetDevice");
  // Kept until the process ends: the driver may be gone before static objects are destroyed.
  static std::mutex mutex;
  static auto& workspaces = *new std::map<std::pair<int, cudaStream_t>, Workspace>;
  const std::lock_guard<std::mutex> lock(mutex);
  Workspace& workspace = workspaces[{device, stream}];
  if (workspace.bytes >= bytes && workspace.data != nullptr) return workspace.data;
  cudaStreamCaptureStatus capture = cudaStreamCaptureStatusNone;
  check_cuda(cudaStreamIsCapturing(stream, &capture), "cudaStreamIsCapturing");
  check(capture == cudaStreamCaptureStatusNone, "the op needs ", bytes,
        " bytes of scratch memory, which cannot be allocated while a CUDA graph is captured: run the model once with these shapes before the capture");
  const size_t grown = (bytes / kGrain + 1) * kGrain;
  void* data = nullptr;
  check_cuda(cudaMalloc(&data, grown), "cudaMalloc of scratch memory");
  workspace = {data, grown};
  return data;
}

}  // namespace flashrt::ort

#endif
