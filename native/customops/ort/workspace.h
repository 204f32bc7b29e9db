// Device memory that belongs to a stream.
#pragma once

#if defined(FLASHRT_WITH_CUDA)

#include <cuda_runtime_api.h>

#include <cstddef>

namespace flashrt::ort {

/// At least `bytes` of device memory for kernels on `stream`, aligned to 256. Every call for a stream gives the same memory until a
/// larger one is asked for; memory once given is never freed, since a captured graph may still use it. A stream's work is in order, so
/// ops that follow each other on it can share. Throws while the stream is captured and the memory is not there yet.
void* stream_workspace(cudaStream_t stream, size_t bytes);

}  // namespace flashrt::ort

#endif
