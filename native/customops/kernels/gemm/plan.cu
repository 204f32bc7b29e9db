#include "kernels/gemm/plan.h"

#include "kernels/core/check.h"
#include "kernels/core/device.h"
#include "kernels/gemm/gemm_kernels.h"
#include "kernels/gemm/product.h"

namespace flashrt {
namespace {

/// FP8, int8 and NVFP4 tensor core products want extents that are multiples of this, and pointers aligned to it.
constexpr int64_t kNarrowMultiple = 16;
constexpr int64_t kNvfp4Multiple = 32;  // 16 bytes

/// Stands for scratch memory, which is aligned to 256, while a product is planned.
void* scratch_address() { return reinterpret_cast<void*>(uintptr_t{256}); }

cudaDataType_t cuda_type(DType type) {
  switch (type) {
    case DType::f32: return CUDA_R_32F;
    case DType::f16: return CUDA_R_16F;
    case DType::bf16: return CUDA_R_16BF;
    case DType::f8e4m3: return CUDA_R_8F_E4M3;
    case DType::i8: return CUDA_R_8I;
#if defined(FLASHRT_CUBLASLT_NVFP4)
    case DType::u8: return CUDA_R_4F_E2M1;
#endif
    default: throw Error(std::string("matrix product: cuBLASLt has no operands of type ") + name_of(type));
  }
}

bool is_float(DType type) { return type == DType::f32 || type == DType::f16 || type == DType::bf16; }

class Planner {
 public:
  explicit Planner(const GemmArgs& args) : g(args), runner(GemmRunner::current()) {}

  GemmPlan operator()() {
    if (g.k == 0 || !(gemv() || narrow() || widened() || floats())) tiled();
    plan.scratch_bytes = bytes;
    return plan;
  }

 private:
  /// FP8 weights under a few rows of floats.
  bool gemv() {
    if (!is_float(g.a_type) || g.b_type != DType::f8e4m3 || !g.transposed_b) return false;
    if (!weight_gemv_takes({g.a_type, g.a, static_cast<const Float8E4M3*>(g.b), g.m, g.n, g.k, g.epilogue})) return false;
    plan.route = GemmPlan::Route::gemv;
    return true;
  }

  /// FP8, int8 and NVFP4 on their own tensor core instructions. cuBLASLt wants both operands contiguous along k.
  bool narrow() {
    if (is_float(g.a_type) || runner.library() == nullptr) return false;
    const bool nvfp4 = g.a_type == DType::u8;
    const int64_t multiple = nvfp4 ? kNvfp4Multiple : kNarrowMultiple;
    if (g.k % multiple != 0 || g.n % kNarrowMultiple != 0) return false;
    if (alignment_of(g.a) < kNarrowMultiple || (g.transposed_b && alignment_of(g.b) < kNarrowMultiple)) return false;
    if (g.a_type == DType::f8e4m3 && runner.compute_capability() < 89) return false;
    if (nvfp4 && !has_native_nvfp4()) return false;
    plan.a.preparation = Preparation::none;
    plan.b.preparation = g.transposed_b ? Preparation::none : Preparation::transpose;
    return library(g.a_type, true);
  }

  /// Operands in float16 (or the float type of a), which holds every FP8 and NVFP4 value.
  bool widened() {
    const DType type = is_float(g.a_type) ? g.a_type : DType::f16;
    const auto preparation = [&](DType from) {
      return from == DType::f8e4m3 ? Preparation::widen_float8 : from == DType::u8 ? Preparation::widen_nvfp4 : Preparation::none;
    };
    plan.a.preparation = preparation(g.a_type);
    plan.b.preparation = preparation(g.b_type);
    if (plan.a.preparation == Preparation::none && plan.b.preparation == Preparation::none) return false;
    return library(type, g.transposed_b);
  }

  bool floats() { return is_float(g.a_type) && g.a_type == g.b_type && library(g.a_type, g.transposed_b); }

  /// Our own kernel reads every type but NVFP4 as it is.
  void tiled() {
    plan.route = GemmPlan::Route::tiled;
    const bool nvfp4 = g.a_type == DType::u8;
    plan.a = {nvfp4 ? DType::f16 : g.a_type, nvfp4 ? Preparation::widen_nvfp4 : Preparation::none, 0};
    plan.b = {nvfp4 ? DType::f16 : g.b_type, plan.a.preparation, 0};
    plan.transposed_b = g.transposed_b;
    reserve_operands();
  }

  /// The product with operands of `type` through cuBLASLt; plan.a and plan.b say how they are prepared.
  bool library(DType type, bool transposed_b) {
    if (runner.library() == nullptr) return false;
    plan.route = GemmPlan::Route::library;
    plan.a.type = plan.b.type = type;
    plan.transposed_b = transposed_b;
    Product& p = plan.product;
    p = {};
    p.operand = cuda_type(type);
    p.m = g.m;
    p.n = g.n;
    p.k = g.k;
    p.transposed_b = transposed_b;
    p.block_scaled = type == DType::u8;
    if (!fuses(type) && !accumulates(type)) return false;
    reserve_operands();
    reserve_library();
    return true;
  }

  ProductData data(void* d) const {
    ProductData data;
    data.a = plan.a.preparation == Preparation::none ? g.a : scratch_address();
    data.b = plan.b.preparation == Preparation::none ? g.b : scratch_address();
    data.a_scale = plan.product.block_scaled ? static_cast<const void*>(g.a_block_scales) : g.epilogue.a_scale;
    data.b_scale = plan.product.block_scaled ? static_cast<const void*>(g.b_block_scales) : g.epilogue.b_scale;
    data.c = g.epilogue.c;
    data.bias = g.epilogue.bias;
    data.d = d;
    return data;
  }

  /// cuBLASLt applies the whole epilogue, with the same single rounding. It computes activation(.. + beta * c), so C goes with no
  /// activation only; its GELU is fused for 16-bit outputs, where its approximation of tanh does not show; its ReLU need not turn NaN
  /// into 0 and is not used.
  bool fuses(DType type) {
    const Epilogue& e = g.epilogue;
    const bool narrow_operands = type == DType::f8e4m3 || type == DType::u8;
    if (type == DType::i8) return false;
    // Seen with cuBLASLt 13.1: where D overwrites C the product is rounded before C is added.
    if (e.c != nullptr && e.c == e.d) return false;
    const bool has_scales = e.a_scale != nullptr || e.b_scale != nullptr;
    const bool plain_scales = e.a_scale != nullptr && e.b_scale != nullptr && !e.a_scale_by_row && !e.b_scale_by_column;
    if (has_scales && !(type == DType::f8e4m3 && plain_scales)) return false;
    // Seen with cuBLASLt 13.1: a scale that is not aligned to 16 bytes is refused, and only when the product is launched.
    if (has_scales && (alignment_of(e.a_scale) < 16 || alignment_of(e.b_scale) < 16)) return false;
    if (e.softcap > 0) return false;
    if (e.activation == Activation::gelu_tanh ? e.dtype == DType::f32 || e.c != nullptr : e.activation != Activation::none) return false;
    // Seen with cuBLASLt 13.1: with rows of D that are no multiple of 16 bytes a bias is added after the rounding, not before it.
    const bool adds = e.bias != nullptr || e.c != nullptr || e.activation != Activation::none;
    if (adds && e.dtype != DType::f32 && g.n % 8 != 0) return false;
    // A float32 output of FP8 operands takes a bfloat16 bias only, and a bias is read in vectors.
    if (e.bias != nullptr && ((narrow_operands && e.dtype == DType::f32) || alignment_of(e.bias) < 16)) return false;
    Product& p = plan.product;
    p.output = cuda_type(e.dtype);
    p.scaled = has_scales;
    p.bias = e.bias != nullptr;
    p.gelu = e.activation == Activation::gelu_tanh;
    p.add_c = e.c != nullptr;
    plan.fused = true;
    plan.accumulates_in_d = false;
    return finds(data(e.d));
  }

  /// cuBLASLt only adds up the products; the epilogue pass does the rest.
  bool accumulates(DType type) {
    Product& p = plan.product;
    p.output = type == DType::i8 ? CUDA_R_32I : CUDA_R_32F;
    p.scaled = p.bias = p.gelu = p.add_c = false;
    plan.fused = false;
    plan.accumulates_in_d = type != DType::i8 && g.epilogue.dtype == DType::f32 && g.epilogue.c == nullptr;
    return finds(data(plan.accumulates_in_d ? g.epilogue.d : scratch_address()));
  }

  bool finds(const ProductData& data) {
    const auto found = runner.find(plan.product, data);
    if (found) plan.algorithm = *found;
    return found.has_value();
  }

  size_t reserve(size_t wanted) {
    const size_t at = bytes;
    bytes += (wanted + 255) / 256 * 256;
    return at;
  }

  void reserve_operands() {
    if (plan.a.preparation != Preparation::none) plan.a.offset = reserve(static_cast<size_t>(g.m * g.k * size_of(plan.a.type)));
    if (plan.b.preparation != Preparation::none) plan.b.offset = reserve(static_cast<size_t>(g.k * g.n * size_of(plan.b.type)));
  }

  void reserve_library() {
    const auto elements = static_cast<size_t>(g.m * g.n);
    if (!plan.fused && !plan.accumulates_in_d) plan.accumulator = reserve(4 * elements);
    plan.tunes = g.autotune && !plan.algorithm.tuned;
    plan.workspace = reserve(plan.tunes ? GemmRunner::kWorkspaceLimit : plan.algorithm.workspace);
    if (plan.tunes) plan.trial = reserve(4 * elements);
  }

  const GemmArgs& g;
  GemmRunner& runner;
  GemmPlan plan;
  size_t bytes = 0;
};

}  // namespace

size_t plan_gemm(GemmArgs& g) {
  if (g.m == 0 || g.n == 0) return 0;
  const auto plan = std::make_shared<const GemmPlan>(Planner(g)());
  g.plan = plan;
  return plan->scratch_bytes;
}

bool has_native_nvfp4() {
#if defined(FLASHRT_CUBLASLT_NVFP4)
  if (compute_capability() < 100) return false;
  const CublasLt* library = GemmRunner::current().library();
  return library != nullptr && library->version >= kCublasLtWithNvfp4;
#else
  return false;
#endif
}

}  // namespace flashrt
