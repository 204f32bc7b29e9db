// C functions of single kernels, for callers that have no ONNX Runtime graph: pointers, shapes and a stream.
//
// They follow the two kernels that JAX programs call through XLA's FFI (catalog rows J01 and J02), where FP8 tensors travel as bytes.
// `device` is a CUDA device, whose memory every pointer then points to (scales included), or -1 for the CPU and host memory. On a
// device the work is queued on `stream` (a cudaStream_t, null for the default stream) and may be captured in a CUDA graph after one
// call outside the capture; on the CPU the result is there when the call returns and `stream` is ignored. Tensors are dense and
// row-major. Statuses and flashrt_last_error() are those of flashrt.h; on an error nothing is written.
#ifndef FLASHRT_KERNELS_H
#define FLASHRT_KERNELS_H

#include "flashrt.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FLASHRT_CPU (-1)

/// Element types, with the numbers of ONNX's TensorProto.DataType. FP8 E4M3 bytes travel as FLASHRT_UINT8.
typedef enum flashrt_type {
  FLASHRT_FLOAT32 = 1,
  FLASHRT_UINT8 = 2,
  FLASHRT_FLOAT16 = 10,
  FLASHRT_BFLOAT16 = 16
} flashrt_type;

typedef struct flashrt_tensor {
  void* data;            // may be null when the tensor has no elements
  const int64_t* shape;  // `rank` extents, in host memory; may be null when rank is 0
  int32_t rank;
  flashrt_type type;
} flashrt_tensor;

/// J01: y = q8(clamp(x * (1 / max(scale, 1e-12)))), FP8 E4M3 codes as bytes; NaN becomes -448.
///   x      bfloat16, float16 or float32, any shape
///   scale  float32, exactly one element
///   y      uint8, as many elements as x
FLASHRT_API flashrt_status flashrt_quantize_fp8_static_bytes(int32_t device, const flashrt_tensor* x, const flashrt_tensor* scale,
                                                             const flashrt_tensor* y, void* stream);

/// J02: d = act_scale * w_scale * (x @ w), float32 accumulation, rounded once to bfloat16.
///   x          uint8 (FP8 E4M3), rank >= 2, [.., K]
///   w          uint8 (FP8 E4M3), [K, N]; with transposed_w != 0 [N, K], which saves a transposition on each call on most devices
///   act_scale  float32, exactly one element
///   w_scale    float32, exactly one element
///   d          bfloat16, [.., N] with the leading extents of x, or their product in one extent
/// Scratch memory comes from the device's stream-ordered pool.
FLASHRT_API flashrt_status flashrt_fp8_gemm_bytes_bf16(int32_t device, const flashrt_tensor* x, const flashrt_tensor* w,
                                                       const flashrt_tensor* act_scale, const flashrt_tensor* w_scale, const flashrt_tensor* d,
                                                       int32_t transposed_w, void* stream);

#ifdef __cplusplus
}
#endif
#endif
