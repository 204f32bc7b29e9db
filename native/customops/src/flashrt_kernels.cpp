// The C functions of single kernels.
#include "include/flashrt_kernels.h"

#include <functional>
#include <numeric>
#include <vector>

#include "kernels/gemm/gemm.h"
#include "kernels/quantize/quantize8.h"
#include "src/guard.h"

using namespace flashrt::capi;

namespace {

/// A flashrt_tensor that has been checked.
struct View {
  std::vector<int64_t> shape;
  int64_t count = 1;
  void* data = nullptr;
};

std::string text_of(const std::vector<int64_t>& shape) {
  std::string text;
  for (int64_t extent : shape) text += (text.empty() ? "" : ", ") + std::to_string(extent);
  return "[" + text + "]";
}

View view_of(const char* name, const flashrt_tensor* tensor) {
  const auto fail_unless = [&](bool condition, const std::string& text) { require(condition, std::string(name) + " " + text); };
  fail_unless(tensor != nullptr, "must not be null");
  fail_unless(tensor->rank >= 0 && tensor->rank <= 64, "must have a rank of 0 to 64, got " + std::to_string(tensor->rank));
  fail_unless(tensor->rank == 0 || tensor->shape != nullptr, "has a null shape");
  View view{{}, 1, tensor->data};
  for (int32_t axis = 0; axis < tensor->rank; ++axis) {
    const int64_t extent = tensor->shape[axis];
    fail_unless(extent >= 0, "has a negative extent, " + std::to_string(extent) + " on axis " + std::to_string(axis));
    view.shape.push_back(extent);
    fail_unless(!__builtin_mul_overflow(view.count, extent, &view.count), "has more elements than 64 bits count");
  }
  fail_unless(view.count == 0 || view.data != nullptr, "has null data but shape " + text_of(view.shape));
  return view;
}

View view_of(const char* name, const flashrt_tensor* tensor, flashrt_type type, const char* type_name) {
  View view = view_of(name, tensor);
  require(tensor->type == type, std::string(name) + " must be of type " + type_name + " (" + std::to_string(type) + "), got type " +
                                    std::to_string(tensor->type));
  return view;
}

/// Product of the leading extents; view_of has made sure that it does not overflow.
int64_t rows_of(const View& view) {
  return std::accumulate(view.shape.begin(), view.shape.end() - 1, int64_t{1}, std::multiplies<>());
}

const float* scale_of(const char* name, const flashrt_tensor* tensor) {
  const View view = view_of(name, tensor, FLASHRT_FLOAT32, "float32");
  require(view.count == 1, std::string(name) + " must hold exactly one element, got shape " + text_of(view.shape));
  return static_cast<const float*>(view.data);
}

flashrt::DType float_type(const char* name, flashrt_type type) {
  switch (type) {
    case FLASHRT_FLOAT32: return flashrt::DType::f32;
    case FLASHRT_FLOAT16: return flashrt::DType::f16;
    case FLASHRT_BFLOAT16: return flashrt::DType::bf16;
    default: break;
  }
  throw Failure(FLASHRT_ERROR_INVALID_ARGUMENT, std::string(name) + " must be of type float32 (1), float16 (10) or bfloat16 (16), got type " +
                                                    std::to_string(type));
}

#if defined(FLASHRT_WITH_CUDA)

/// Memory of the stream: allocated and freed in its order, also within a capture.
class StreamScratch {
 public:
  StreamScratch(size_t bytes, cudaStream_t stream) : stream_(stream) {
    if (bytes > 0) check_cuda(cudaMallocAsync(&data_, bytes, stream), "cudaMallocAsync");
  }
  ~StreamScratch() {
    if (data_ != nullptr) cudaFreeAsync(data_, stream_);
  }
  StreamScratch(const StreamScratch&) = delete;
  StreamScratch& operator=(const StreamScratch&) = delete;
  void* data() const { return data_; }

 private:
  cudaStream_t stream_;
  void* data_ = nullptr;
};

#endif

/// Runs `cpu` for FLASHRT_CPU, otherwise `cuda` with the device current.
template <typename Cpu, typename Cuda>
void on_backend(int32_t device, Cpu&& cpu, [[maybe_unused]] Cuda&& cuda) {
  if (device == FLASHRT_CPU) return cpu();
#if defined(FLASHRT_WITH_CUDA)
  const DeviceScope scope(device);
  cuda();
#else
  throw Failure(FLASHRT_ERROR_NO_DEVICE, "this build of the library has no CUDA kernels: pass device -1 for the CPU, or build it with nvcc on PATH");
#endif
}

}  // namespace

flashrt_status flashrt_quantize_fp8_static_bytes(int32_t device, const flashrt_tensor* x, const flashrt_tensor* scale, const flashrt_tensor* y,
                                                 [[maybe_unused]] void* stream) {
  return guarded(__func__, [&] {
    const View from = view_of("x", x), to = view_of("y", y, FLASHRT_UINT8, "uint8");
    require(to.count == from.count, "y must have as many elements as x, " + std::to_string(from.count) + ", got shape " + text_of(to.shape));
    flashrt::Quantize8Args args;
    args.dtype = float_type("x", x->type);
    args.scaling = flashrt::Scaling::given;
    args.rows = 1;
    args.cols = from.count;
    args.x = from.data;
    args.y = to.data;
    args.scale = scale_of("scale", scale);
    on_backend(device, [&] { flashrt::quantize8_cpu(args, {}); }, [&] {
#if defined(FLASHRT_WITH_CUDA)
      flashrt::quantize8_cuda(args, static_cast<cudaStream_t>(stream));
#endif
    });
  });
}

flashrt_status flashrt_fp8_gemm_bytes_bf16(int32_t device, const flashrt_tensor* x, const flashrt_tensor* w, const flashrt_tensor* act_scale,
                                           const flashrt_tensor* w_scale, const flashrt_tensor* d, int32_t transposed_w,
                                           [[maybe_unused]] void* stream) {
  return guarded(__func__, [&] {
    const View a = view_of("x", x, FLASHRT_UINT8, "uint8"), b = view_of("w", w, FLASHRT_UINT8, "uint8");
    const View out = view_of("d", d, FLASHRT_BFLOAT16, "bfloat16");
    require(a.shape.size() >= 2, "x must have at least two axes, [.., K], got shape " + text_of(a.shape));
    require(b.shape.size() == 2, std::string("w must be a matrix, ") + (transposed_w != 0 ? "[N, K]" : "[K, N]") + ", got shape " + text_of(b.shape));
    const int64_t k = a.shape.back(), n = b.shape[transposed_w != 0 ? 0 : 1];
    require(b.shape[transposed_w != 0 ? 1 : 0] == k, "x and w must agree in K: x has shape " + text_of(a.shape) + ", w has shape " + text_of(b.shape) +
                                                         ", read as " + (transposed_w != 0 ? "[N, K]" : "[K, N]"));
    const int64_t m = rows_of(a);
    require(!out.shape.empty() && out.shape.back() == n && rows_of(out) == m, "d must have the leading extents of x and " + std::to_string(n) +
                                                                                  " columns, got shape " + text_of(out.shape));
    flashrt::GemmArgs args;
    args.a_type = args.b_type = flashrt::DType::f8e4m3;
    args.m = m;
    args.n = n;
    args.k = k;
    args.a = a.data;
    args.b = b.data;
    args.transposed_b = transposed_w != 0;
    args.epilogue.dtype = flashrt::DType::bf16;
    args.epilogue.a_scale = scale_of("act_scale", act_scale);
    args.epilogue.b_scale = scale_of("w_scale", w_scale);
    args.epilogue.d = out.data;
    on_backend(device, [&] { flashrt::gemm_cpu(args, {}); }, [&] {
#if defined(FLASHRT_WITH_CUDA)
      const auto on = static_cast<cudaStream_t>(stream);
      const StreamScratch scratch(flashrt::plan_gemm(args), on);
      args.scratch = scratch.data();
      flashrt::gemm_cuda(args, on);
#endif
    });
  });
}
