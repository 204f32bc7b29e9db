// Timing of single kernels on the device: captured in a CUDA graph, rotating over buffers larger than the L2 cache.
#pragma once

#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernels/core/launch.cuh"
#include "kernels/core/vec.cuh"

namespace flashrt::bench {

struct FreeDevice {
  void operator()(void* pointer) const { cudaFree(pointer); }
};

/// Device memory filled with random numbers of about unit variance (never zeros: zeros are faster and hide errors).
template <typename T>
class Buffer {
 public:
  explicit Buffer(int64_t count, unsigned seed = 1) : count_(count) {
    void* raw = nullptr;
    check_cuda(cudaMalloc(&raw, static_cast<size_t>(count) * sizeof(T)), "cudaMalloc");
    data_.reset(static_cast<T*>(raw));
    // One block of random values, repeated: filling gigabytes on the host would take longer than the measurement.
    const int64_t block = std::min<int64_t>(count, 1 << 20);
    std::vector<T> host(static_cast<size_t>(block));
    std::mt19937 generator(seed);
    std::normal_distribution<float> normal;
    for (T& value : host) {
      if constexpr (std::is_integral_v<T>) value = static_cast<T>(generator());
      else value = from_float<T>(normal(generator));
    }
    for (int64_t at = 0; at < count; at += block)
      check_cuda(cudaMemcpy(data_.get() + at, host.data(), static_cast<size_t>(std::min(block, count - at)) * sizeof(T), cudaMemcpyHostToDevice),
                 "cudaMemcpy");
  }
  T* get() const { return data_.get(); }
  int64_t bytes() const { return count_ * static_cast<int64_t>(sizeof(T)); }

 private:
  int64_t count_;
  std::unique_ptr<T, FreeDevice> data_;
};

struct Result {
  std::string op, shape, dtype;
  double microseconds, bytes, flops;
};

/// Median microseconds of one call: `calls` of them are captured in a graph, call i with i as its argument (to rotate buffers), and the
/// graph is replayed until the numbers settle. Kernel to kernel time in a graph is what a model sees, launch gap included.
inline double time_calls(const std::function<void(cudaStream_t, int)>& call, int calls = 24, int replays = 60) {
  cudaStream_t stream = nullptr;
  check_cuda(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreate");
  for (int i = 0; i < calls; ++i) call(stream, i);  // first use may load code, which a capture must not do
  check_cuda(cudaStreamSynchronize(stream), "warm-up");
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t executable = nullptr;
  check_cuda(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "begin capture");
  for (int i = 0; i < calls; ++i) call(stream, i);
  check_cuda(cudaStreamEndCapture(stream, &graph), "end capture");
  check_cuda(cudaGraphInstantiate(&executable, graph, 0), "instantiate");
  cudaEvent_t start = nullptr, stop = nullptr;
  check_cuda(cudaEventCreate(&start), "event");
  check_cuda(cudaEventCreate(&stop), "event");
  std::vector<double> times;
  for (int r = 0; r < replays + 5; ++r) {
    check_cuda(cudaEventRecord(start, stream), "record");
    check_cuda(cudaGraphLaunch(executable, stream), "replay");
    check_cuda(cudaEventRecord(stop, stream), "record");
    check_cuda(cudaEventSynchronize(stop), "replay");
    float milliseconds = 0;
    check_cuda(cudaEventElapsedTime(&milliseconds, start, stop), "elapsed");
    if (r >= 5) times.push_back(milliseconds * 1000.0 / calls);
  }
  cudaEventDestroy(start);
  cudaEventDestroy(stop);
  cudaGraphExecDestroy(executable);
  cudaGraphDestroy(graph);
  cudaStreamDestroy(stream);
  std::nth_element(times.begin(), times.begin() + times.size() / 2, times.end());
  return times[times.size() / 2];
}

/// Buffer sets so that one pass over all of them is at least `target` bytes (three times the largest L2 of today's devices).
inline int sets_for(int64_t bytes_per_set, int64_t target = 200 << 20) {
  return static_cast<int>(std::clamp<int64_t>(target / std::max<int64_t>(1, bytes_per_set) + 1, 2, 24));
}

}  // namespace flashrt::bench
