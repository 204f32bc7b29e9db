// The C interface beside the ops: version, capabilities, devices, device memory, streams and events.
#include "include/flashrt.h"

#include <string>

#include "kernels/gemm/gemm.h"
#include "src/guard.h"

#if defined(FLASHRT_WITH_CUDA)
#include "kernels/core/device.h"
#endif

extern const char flashrt_catalog_source[];

using namespace flashrt::capi;

#if defined(FLASHRT_WITH_CUDA)
namespace {
/// Copies what fits and ends it with a zero.
template <size_t kSize>
void copy_text(char (&to)[kSize], const std::string& from) {
  to[from.copy(to, kSize - 1)] = '\0';
}
}  // namespace
#endif

const char* flashrt_version(void) { return FLASHRT_VERSION; }

const char* flashrt_last_error(void) { return t_last_error.c_str(); }

const char* flashrt_catalog_json(void) { return flashrt_catalog_source; }

flashrt_status flashrt_get_capabilities(flashrt_capabilities* out) {
  return guarded("flashrt_get_capabilities", [&] {
    require(out != nullptr, "out must not be null");
    *out = {};
#if defined(FLASHRT_WITH_CUDA)
    out->built_with_cuda = 1;
    out->cuda_toolkit = CUDART_VERSION;
    int driver = 0, devices = 0;
    if (cudaDriverGetVersion(&driver) == cudaSuccess) out->cuda_driver = driver;
    if (cudaGetDeviceCount(&devices) == cudaSuccess) out->device_count = devices;
    cudaGetLastError();
    out->cublaslt_version = flashrt::loaded_cublaslt_version();
    out->has_cutlass_sm100 = flashrt::built_for_sm100() ? 1 : 0;
    if (out->device_count > 0) {
      const DeviceScope scope(0);
      out->has_fmha = flashrt::has_kernels_for_current_device() ? 1 : 0;
      out->has_nvfp4 = flashrt::has_native_nvfp4() ? 1 : 0;
    }
#endif
  });
}

#if defined(FLASHRT_WITH_CUDA)
#define FLASHRT_DEVICE_BODY(...) [&] { __VA_ARGS__; }
#else
#define FLASHRT_DEVICE_BODY(...) [] {}
#endif

flashrt_status flashrt_get_device([[maybe_unused]] int32_t device, [[maybe_unused]] flashrt_device* out) {
  return on_device(__func__, device, FLASHRT_DEVICE_BODY({
    require(out != nullptr, "out must not be null");
    *out = {};
    cudaDeviceProp properties;
    check_cuda(cudaGetDeviceProperties(&properties, device), "cudaGetDeviceProperties");
    copy_text(out->name, properties.name);
    out->compute_major = properties.major;
    out->compute_minor = properties.minor;
    out->multiprocessors = properties.multiProcessorCount;
    check_cuda(cudaDeviceGetAttribute(&out->memory_clock_khz, cudaDevAttrMemoryClockRate, device), "cudaDeviceGetAttribute");
    out->memory_bus_bits = properties.memoryBusWidth;
    out->l2_bytes = properties.l2CacheSize;
    size_t free_bytes = 0;
    size_t total_bytes = 0;
    check_cuda(cudaMemGetInfo(&free_bytes, &total_bytes), "cudaMemGetInfo");
    out->total_memory = static_cast<int64_t>(total_bytes);
    out->free_memory = static_cast<int64_t>(free_bytes);
    out->kernels_included = flashrt::has_kernels_for_current_device() ? 1 : 0;
  }));
}

flashrt_status flashrt_gemm_stats([[maybe_unused]] int32_t device, [[maybe_unused]] flashrt_gemm_info* out) {
  return on_device(__func__, device, FLASHRT_DEVICE_BODY({
    require(out != nullptr, "out must not be null");
    *out = {};
    const flashrt::GemmStats stats = flashrt::gemm_stats();
    out->workspace_bytes = stats.workspace_bytes;
    out->cached_shapes = stats.cached_shapes;
    out->autotuned_shapes = stats.autotuned_shapes;
    out->cublaslt_version = stats.cublaslt_version;
    copy_text(out->cublaslt, stats.cublaslt);
  }));
}

flashrt_status flashrt_device_alloc([[maybe_unused]] int32_t device, [[maybe_unused]] size_t bytes, [[maybe_unused]] void** out) {
  return on_device(__func__, device, FLASHRT_DEVICE_BODY({
    require(out != nullptr, "out must not be null");
    *out = nullptr;
    if (bytes > 0) check_cuda(cudaMalloc(out, bytes), "cudaMalloc");
  }));
}

flashrt_status flashrt_device_free([[maybe_unused]] int32_t device, [[maybe_unused]] void* pointer) {
  return on_device(__func__, device, FLASHRT_DEVICE_BODY(check_cuda(cudaFree(pointer), "cudaFree")));
}

flashrt_status flashrt_host_alloc([[maybe_unused]] size_t bytes, [[maybe_unused]] void** out) {
  return on_device(__func__, 0, FLASHRT_DEVICE_BODY({
    require(out != nullptr, "out must not be null");
    *out = nullptr;
    if (bytes > 0) check_cuda(cudaHostAlloc(out, bytes, cudaHostAllocDefault), "cudaHostAlloc");
  }));
}

flashrt_status flashrt_host_free([[maybe_unused]] void* pointer) {
  return on_device(__func__, 0, FLASHRT_DEVICE_BODY(check_cuda(cudaFreeHost(pointer), "cudaFreeHost")));
}

flashrt_status flashrt_copy([[maybe_unused]] int32_t device, [[maybe_unused]] void* destination, [[maybe_unused]] const void* source,
                            [[maybe_unused]] size_t bytes, [[maybe_unused]] flashrt_copy_kind kind, [[maybe_unused]] void* stream) {
  return on_device(__func__, device, FLASHRT_DEVICE_BODY({
    require(bytes == 0 || (destination != nullptr && source != nullptr), "destination and source must not be null");
    require(kind >= FLASHRT_COPY_HOST_TO_DEVICE && kind <= FLASHRT_COPY_DEVICE_TO_DEVICE, "kind must be 1, 2 or 3, got " + std::to_string(kind));
    const cudaMemcpyKind direction = kind == FLASHRT_COPY_HOST_TO_DEVICE   ? cudaMemcpyHostToDevice
                                     : kind == FLASHRT_COPY_DEVICE_TO_HOST ? cudaMemcpyDeviceToHost
                                                                           : cudaMemcpyDeviceToDevice;
    const cudaStream_t on = static_cast<cudaStream_t>(stream);
    check_cuda(cudaMemcpyAsync(destination, source, bytes, direction, on), "cudaMemcpyAsync");
    if (kind != FLASHRT_COPY_DEVICE_TO_DEVICE) check_cuda(cudaStreamSynchronize(on), "cudaStreamSynchronize");
  }));
}

flashrt_status flashrt_device_fill([[maybe_unused]] int32_t device, [[maybe_unused]] void* destination, [[maybe_unused]] int32_t byte_value,
                                   [[maybe_unused]] size_t bytes, [[maybe_unused]] void* stream) {
  return on_device(__func__, device, FLASHRT_DEVICE_BODY({
    require(bytes == 0 || destination != nullptr, "destination must not be null");
    check_cuda(cudaMemsetAsync(destination, byte_value, bytes, static_cast<cudaStream_t>(stream)), "cudaMemsetAsync");
  }));
}

flashrt_status flashrt_device_synchronize([[maybe_unused]] int32_t device) {
  return on_device(__func__, device, FLASHRT_DEVICE_BODY(check_cuda(cudaDeviceSynchronize(), "cudaDeviceSynchronize")));
}

flashrt_status flashrt_stream_create([[maybe_unused]] int32_t device, [[maybe_unused]] void** out) {
  return on_device(__func__, device, FLASHRT_DEVICE_BODY({
    require(out != nullptr, "out must not be null");
    cudaStream_t stream = nullptr;
    check_cuda(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
    *out = stream;
  }));
}

flashrt_status flashrt_stream_destroy([[maybe_unused]] int32_t device, [[maybe_unused]] void* stream) {
  return on_device(__func__, device, FLASHRT_DEVICE_BODY(check_cuda(cudaStreamDestroy(static_cast<cudaStream_t>(stream)), "cudaStreamDestroy")));
}

flashrt_status flashrt_stream_synchronize([[maybe_unused]] int32_t device, [[maybe_unused]] void* stream) {
  return on_device(__func__, device, FLASHRT_DEVICE_BODY(check_cuda(cudaStreamSynchronize(static_cast<cudaStream_t>(stream)), "cudaStreamSynchronize")));
}

flashrt_status flashrt_event_create([[maybe_unused]] int32_t device, [[maybe_unused]] void** out) {
  return on_device(__func__, device, FLASHRT_DEVICE_BODY({
    require(out != nullptr, "out must not be null");
    cudaEvent_t event = nullptr;
    check_cuda(cudaEventCreate(&event), "cudaEventCreate");
    *out = event;
  }));
}

flashrt_status flashrt_event_destroy([[maybe_unused]] int32_t device, [[maybe_unused]] void* event) {
  return on_device(__func__, device, FLASHRT_DEVICE_BODY(check_cuda(cudaEventDestroy(static_cast<cudaEvent_t>(event)), "cudaEventDestroy")));
}

flashrt_status flashrt_event_record([[maybe_unused]] int32_t device, [[maybe_unused]] void* event, [[maybe_unused]] void* stream) {
  return on_device(__func__, device, FLASHRT_DEVICE_BODY(
    check_cuda(cudaEventRecord(static_cast<cudaEvent_t>(event), static_cast<cudaStream_t>(stream)), "cudaEventRecord")));
}

flashrt_status flashrt_event_elapsed([[maybe_unused]] int32_t device, [[maybe_unused]] void* start, [[maybe_unused]] void* stop,
                                     [[maybe_unused]] float* milliseconds) {
  return on_device(__func__, device, FLASHRT_DEVICE_BODY({
    require(milliseconds != nullptr, "milliseconds must not be null");
    check_cuda(cudaEventSynchronize(static_cast<cudaEvent_t>(stop)), "cudaEventSynchronize");
    check_cuda(cudaEventElapsedTime(milliseconds, static_cast<cudaEvent_t>(start), static_cast<cudaEvent_t>(stop)), "cudaEventElapsedTime");
  }));
}
