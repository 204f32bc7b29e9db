// C interface of the FlashRt for ONNX native library.
//
// The library is an ONNX Runtime custom op library (domain "com.flashrt") plus the few functions that an application needs beside
// it: what the build and the machine can do, which ops are registered, and memory on the device. It loads on a machine without CUDA;
// the device functions then report FLASHRT_ERROR_NO_DEVICE and the ops run on ONNX Runtime's CPU provider.
//
// Every function that returns flashrt_status leaves a message for flashrt_last_error() on the calling thread when it fails.
// Strings returned are UTF-8, owned by the library, and valid until the next call on the same thread (static where noted).
#ifndef FLASHRT_H
#define FLASHRT_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define FLASHRT_API __declspec(dllexport)
#else
#define FLASHRT_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef enum flashrt_status {
  FLASHRT_OK = 0,
  FLASHRT_ERROR_INVALID_ARGUMENT = 1,  // the call's arguments are wrong; the message says which and what was expected
  FLASHRT_ERROR_NO_DEVICE = 2,         // no CUDA device, no driver, or a build without CUDA
  FLASHRT_ERROR_CUDA = 3,              // the CUDA runtime failed; the message carries its text
  FLASHRT_ERROR_INTERNAL = 4
} flashrt_status;

/// Version of the library, "major.minor.patch" (static).
FLASHRT_API const char* flashrt_version(void);

/// Message of the last failure on this thread, "" when there was none.
FLASHRT_API const char* flashrt_last_error(void);

/// The registered ops as JSON (static): {"domain","version","ops":[{"name","providers":["cpu","cuda"],
/// "inputs":[{"name","types":[...],"optional"}],"outputs":[{"name","types","optional","may_alias":[..]}],
/// "attributes":[{"name","type","default","required","values"}]}]}. It is made from the registration tables, not from catalog.json,
/// so that a test can hold one against the other.
FLASHRT_API const char* flashrt_ops_json(void);

/// native/customops/catalog.json as this library was built from (static).
FLASHRT_API const char* flashrt_catalog_json(void);

/// What the build contains and what the process can use. (Catalog rows C03 to C06.)
typedef struct flashrt_capabilities {
  int32_t built_with_cuda;     // 1 when the CUDA kernels are in this library
  int32_t cuda_toolkit;        // CUDART_VERSION of the build (13000 = 13.0), 0 without CUDA
  int32_t cuda_driver;         // version the driver supports, 0 when there is no driver
  int32_t device_count;        // usable CUDA devices, 0 when there is none
  int32_t cublaslt_version;    // version of the loaded cuBLASLt, 0 while it is not loaded or cannot be found
  int32_t has_fmha;            // C04: a fused attention kernel is in the build and runs on device 0
  int32_t has_cutlass_sm100;   // C05: built for sm_100, with block-scaled products through cuBLASLt
  int32_t has_nvfp4;           // C06: NVFP4 GEMM runs natively on device 0 (otherwise it is emulated exactly)
} flashrt_capabilities;
FLASHRT_API flashrt_status flashrt_get_capabilities(flashrt_capabilities* out);

/// One CUDA device. (Catalog rows C01 and C03.)
typedef struct flashrt_device {
  char name[256];
  int32_t compute_major, compute_minor;  // C03: get_sm_version is 10 * major + minor
  int32_t multiprocessors;
  int32_t memory_clock_khz, memory_bus_bits;
  int64_t total_memory, free_memory;     // bytes
  int64_t l2_bytes;
  int32_t kernels_included;              // 1 when this build has machine code for the device
} flashrt_device;
FLASHRT_API flashrt_status flashrt_get_device(int32_t device, flashrt_device* out);

/// The matrix products of this process on a device: the algorithms found so far, and the library behind them. The first call loads
/// cuBLASLt; without it our own kernels compute every product. (Catalog rows C02 and G01.)
typedef struct flashrt_gemm_info {
  int64_t workspace_bytes;    // the most scratch memory that cuBLASLt may take for one product, from the session's arena
  int64_t cached_shapes;      // products whose algorithm is cached
  int64_t autotuned_shapes;   // those among them that were timed, in this process or an earlier one
  int32_t cublaslt_version;   // 0 without cuBLASLt
  char cublaslt[512];         // path of the library, or why there is none and what to install
} flashrt_gemm_info;
FLASHRT_API flashrt_status flashrt_gemm_stats(int32_t device, flashrt_gemm_info* out);

/// Device memory. `bytes` may be 0 (the pointer is then null). Free accepts null.
FLASHRT_API flashrt_status flashrt_device_alloc(int32_t device, size_t bytes, void** out);
FLASHRT_API flashrt_status flashrt_device_free(int32_t device, void* pointer);
/// Page-locked host memory, for copies that overlap.
FLASHRT_API flashrt_status flashrt_host_alloc(size_t bytes, void** out);
FLASHRT_API flashrt_status flashrt_host_free(void* pointer);

typedef enum flashrt_copy_kind {
  FLASHRT_COPY_HOST_TO_DEVICE = 1,
  FLASHRT_COPY_DEVICE_TO_HOST = 2,
  FLASHRT_COPY_DEVICE_TO_DEVICE = 3
} flashrt_copy_kind;
/// Copies `bytes`; `stream` is a cudaStream_t or null for the default stream. Host copies return when the data is there;
/// device to device copies are ordered on the stream.
FLASHRT_API flashrt_status flashrt_copy(int32_t device, void* destination, const void* source, size_t bytes, flashrt_copy_kind kind,
                                        void* stream);
FLASHRT_API flashrt_status flashrt_device_fill(int32_t device, void* destination, int32_t byte_value, size_t bytes, void* stream);
FLASHRT_API flashrt_status flashrt_device_synchronize(int32_t device);

/// A non-blocking stream of our own, for sessions that take one (provider option user_compute_stream).
FLASHRT_API flashrt_status flashrt_stream_create(int32_t device, void** out);
FLASHRT_API flashrt_status flashrt_stream_destroy(int32_t device, void* stream);
FLASHRT_API flashrt_status flashrt_stream_synchronize(int32_t device, void* stream);

/// Device timers: events on a stream; elapsed time in milliseconds between two recorded events.
FLASHRT_API flashrt_status flashrt_event_create(int32_t device, void** out);
FLASHRT_API flashrt_status flashrt_event_destroy(int32_t device, void* event);
FLASHRT_API flashrt_status flashrt_event_record(int32_t device, void* event, void* stream);
FLASHRT_API flashrt_status flashrt_event_elapsed(int32_t device, void* start, void* stop, float* milliseconds);

/// Entry point that ONNX Runtime calls (also from C#: OrtSessionOptions* and OrtApiBase* in, OrtStatus* out).
/// Register once for each OrtSessionOptions: ONNX Runtime refuses a domain twice.
struct OrtSessionOptions;
struct OrtApiBase;
struct OrtStatus;
FLASHRT_API struct OrtStatus* RegisterCustomOps(struct OrtSessionOptions* options, const struct OrtApiBase* api);

#ifdef __cplusplus
}
#endif
#endif
