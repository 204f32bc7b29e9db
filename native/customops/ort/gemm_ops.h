// The gemm family: every op here fills GemmArgs and calls gemm.
#pragma once

#include "kernels/gemm/gemm.h"
#include "ort/quantize_ops.h"

namespace flashrt::ort {

inline Attribute gemm_activation_attribute() {
  return {"activation", std::string("none"), {"none", "gelu_tanh", "gelu_erf", "gelu_quick", "silu", "relu"}};
}

inline Activation gemm_activation(const NodeInfo& node) {
  const std::string value = node.string_attribute("activation");
  if (value == "gelu_tanh") return Activation::gelu_tanh;
  if (value == "gelu_erf") return Activation::gelu_erf;
  if (value == "gelu_quick") return Activation::gelu_quick;
  if (value == "silu") return Activation::silu;
  return value == "relu" ? Activation::relu : Activation::none;
}

/// D has the leading axes of A and the columns of B, whose axis `columns_axis` counts them.
inline void infer_gemm(ShapeInference& shapes, size_t b_index, size_t columns_axis) {
  if (!shapes.input(0)) return;
  Dims dims = *shapes.input(0);
  const auto& b = shapes.input(b_index);
  dims.back() = b && b->size() == 2 ? (*b)[columns_axis] : ShapeInference::unknown();
  shapes.output(0, dims);
}

/// What the shapes of the operands say; `packed` elements share one entry of their last axes.
struct GemmShape {
  int64_t m, n, k;
  Shape d;
};

inline GemmShape gemm_shape(const Tensor& a, const Tensor& b, bool transposed_b, int64_t packed = 1) {
  check_rank_at_least(a, 1);
  check(b.rank() == 2, "input ", b.name, " must be a matrix, ", transposed_b ? "[N, K]" : "[K, N]", ", got shape ", to_string(b.shape));
  const int64_t b_depth = b.shape[transposed_b ? 1 : 0];
  check(a.last() == b_depth, "inputs ", a.name, " and ", b.name, " must agree in K: ", a.name, " has shape ", to_string(a.shape), ", ", b.name,
        " has shape ", to_string(b.shape), ", read as ", transposed_b ? "[N, K]" : "[K, N]");
  GemmShape shape{element_count({a.shape.begin(), a.shape.end() - 1}), b.shape[transposed_b ? 0 : 1], a.last() * packed, a.shape};
  shape.d.back() = shape.n;
  return shape;
}

/// The attributes that every op of the family has.
struct GemmAttributes {
  explicit GemmAttributes(const NodeInfo& node) : activation(gemm_activation(node)), beta(finite_attribute(node, "beta")) {}
  Activation activation;
  float beta;
};

/// Sets bias, C and D; `bias_index` is the input of bias, C follows it.
inline void set_gemm_output(const Context& context, GemmArgs& args, const GemmShape& shape, const GemmAttributes& attributes, size_t bias_index) {
  const Tensor bias = context.input(bias_index), c = context.input(bias_index + 1);
  check_vector(bias, shape.n);
  check(!c || c.shape == shape.d, "input C must have the output's shape, ", to_string(shape.d), ", got ", to_string(c.shape));
  args.m = shape.m;
  args.n = shape.n;
  args.k = shape.k;
  args.epilogue.dtype = context.type();
  args.epilogue.activation = attributes.activation;
  args.epilogue.beta = attributes.beta;
  args.epilogue.bias = bias.data;
  args.epilogue.c = attributes.beta == 0 ? nullptr : c.data;  // as in BLAS: with beta = 0 C is not read
  args.epilogue.d = context.output(0, shape.d).data;
}

inline void set_operands(GemmArgs& args, const Tensor& a, const Tensor& b, bool transposed_b) {
  args.a = a.data;
  args.b = b.data;
  args.a_type = a.type;
  args.b_type = b.type;
  args.transposed_b = transposed_b;
}

/// A scale of `count` values, or of one.
inline void check_scales(const Tensor& t, int64_t count, const char* each) {
  check(t.count() == 1 || t.count() == count, "input ", t.name, " must hold one float32, or one for each of the ", count, " ", each, ", got shape ",
        to_string(t.shape));
}

inline void set_b_scale(GemmArgs& args, const Tensor& scale, int64_t n) {
  check_scales(scale, n, "columns of the output");
  args.epilogue.b_scale = scale.as<const float>();
  args.epilogue.b_scale_by_column = scale.count() != 1;
}

inline void run_gemm(const Context& context, GemmArgs& args) {
#if defined(FLASHRT_WITH_CUDA)
  if (context.is_cuda()) {
    const auto scratch = context.scratch(plan_gemm(args));
    args.scratch = scratch.data();
    return gemm_cuda(args, context.stream());
  }
#endif
  context.run(args, FLASHRT_BACKENDS(gemm));
}

struct Gemm {
  static constexpr const char* name = "Gemm";
  static Schema schema() {
    return {{{"A", kT}, {"B", kT}, {"bias", kT, true}, {"C", kT, true}},
            {{"D", kT}},
            {gemm_activation_attribute(), {"alpha", 1.0f}, {"beta", 1.0f}, {"transB", int64_t{0}}, {"autotune", int64_t{0}}, {"softcap", 0.0f}}};
  }
  static void infer(ShapeInference& shapes) { infer_gemm(shapes, 1, shapes.int_attribute("transB") == 1 ? 0 : 1); }
  explicit Gemm(const NodeInfo& node)
      : attributes(node),
        alpha(finite_attribute(node, "alpha")),
        softcap(finite_attribute(node, "softcap")),
        transposed_b(node.flag_attribute("transB")),
        autotune(node.flag_attribute("autotune")) {
    check(softcap >= 0, "attribute softcap must not be negative, got ", softcap);
  }
  void compute(const Context& context) const {
    const Tensor a = context.input(0), b = context.input(1);
    const GemmShape shape = gemm_shape(a, b, transposed_b);
    GemmArgs args;
    set_operands(args, a, b, transposed_b);
    set_gemm_output(context, args, shape, attributes, 2);
    args.epilogue.alpha = alpha;
    args.epilogue.softcap = softcap;
    args.autotune = autotune;
    run_gemm(context, args);
  }
  GemmAttributes attributes;
  float alpha, softcap;
  bool transposed_b, autotune;
};

struct Fp8Gemm {
  static constexpr const char* name = "Fp8Gemm";
  static Schema schema() {
    Schema s{{{"A", kFloat8}, {"B", kFloat8}, {"a_scale", kFloat32}, {"b_scale", kFloat32}, {"bias", kT, true}, {"C", kT, true}},
             {{"D", kT}},
             {output_dtype_attribute(), gemm_activation_attribute(), {"beta", 1.0f}, {"transB", int64_t{0}}}};
    s.type_from_output_dtype = true;
    return s;
  }
  static void infer(ShapeInference& shapes) { infer_gemm(shapes, 1, shapes.int_attribute("transB") == 1 ? 0 : 1); }
  explicit Fp8Gemm(const NodeInfo& node) : attributes(node), transposed_b(node.flag_attribute("transB")) {}
  void compute(const Context& context) const {
    const Tensor a = context.input(0), b = context.input(1), a_scale = context.input(2);
    const GemmShape shape = gemm_shape(a, b, transposed_b);
    check_scale(a_scale);
    GemmArgs args;
    set_operands(args, a, b, transposed_b);
    args.epilogue.a_scale = a_scale.as<const float>();
    set_b_scale(args, context.input(3), shape.n);
    set_gemm_output(context, args, shape, attributes, 4);
    run_gemm(context, args);
  }
  GemmAttributes attributes;
  bool transposed_b;
};

/// FP8 weights under float rows.
struct Fp8WeightGemm {
  static constexpr const char* name = "Fp8WeightGemm";
  static Schema schema() {
    return {{{"A", kT}, {"B", kFloat8}, {"b_scale", kFloat32}, {"bias", kT, true}, {"C", kT, true}},
            {{"D", kT}},
            {gemm_activation_attribute(), {"beta", 1.0f}}};
  }
  static void infer(ShapeInference& shapes) { infer_gemm(shapes, 1, 0); }
  explicit Fp8WeightGemm(const NodeInfo& node) : attributes(node) {}
  void compute(const Context& context) const {
    const Tensor a = context.input(0), b = context.input(1);
    const GemmShape shape = gemm_shape(a, b, true);
    GemmArgs args;
    set_operands(args, a, b, true);
    set_b_scale(args, context.input(2), shape.n);
    set_gemm_output(context, args, shape, attributes, 3);
    run_gemm(context, args);
  }
  GemmAttributes attributes;
};

struct Int8Gemm {
  static constexpr const char* name = "Int8Gemm";
  static Schema schema() {
    Schema s{{{"A", kInt8}, {"B", kInt8}, {"a_scale", kFloat32}, {"b_scale", kFloat32}, {"bias", kT, true}, {"C", kT, true}},
             {{"D", kT}},
             {output_dtype_attribute(), gemm_activation_attribute(), {"beta", 1.0f}}};
    s.type_from_output_dtype = true;
    return s;
  }
  static void infer(ShapeInference& shapes) { infer_gemm(shapes, 1, 0); }
  explicit Int8Gemm(const NodeInfo& node) : attributes(node) {}
  void compute(const Context& context) const {
    const Tensor a = context.input(0), b = context.input(1), a_scale = context.input(2);
    const GemmShape shape = gemm_shape(a, b, true);
    check_scales(a_scale, shape.m, "rows of A");
    GemmArgs args;
    set_operands(args, a, b, true);
    args.epilogue.a_scale = a_scale.as<const float>();
    args.epilogue.a_scale_by_row = a_scale.count() != 1;
    set_b_scale(args, context.input(3), shape.n);
    set_gemm_output(context, args, shape, attributes, 4);
    run_gemm(context, args);
  }
  GemmAttributes attributes;
};

/// NVFP4 operands with swizzled block scales.
struct Nvfp4Gemm {
  static constexpr const char* name = "Nvfp4Gemm";
  static Schema schema() {
    Schema s{{{"A", kUint8}, {"A_scales", kUint8}, {"B", kUint8}, {"B_scales", kUint8}, {"bias", kT, true}, {"C", kT, true}},
             {{"D", kT}},
             {output_dtype_attribute(), {"alpha", 1.0f}, gemm_activation_attribute(), {"beta", 1.0f}}};
    s.type_from_output_dtype = true;
    return s;
  }
  static void infer(ShapeInference& shapes) { infer_gemm(shapes, 2, 0); }
  explicit Nvfp4Gemm(const NodeInfo& node) : attributes(node), alpha(finite_attribute(node, "alpha")) {}
  void compute(const Context& context) const {
    const Tensor a = context.input(0), a_scales = context.input(1), b = context.input(2), b_scales = context.input(3);
    const GemmShape shape = gemm_shape(a, b, true, 2);
    check_block_scales(a_scales, a, shape.m, shape.k, ScaleLayout::swizzled);
    check_block_scales(b_scales, b, shape.n, shape.k, ScaleLayout::swizzled);
    GemmArgs args;
    set_operands(args, a, b, true);
    args.a_block_scales = a_scales.as<const uint8_t>();
    args.b_block_scales = b_scales.as<const uint8_t>();
    args.epilogue.alpha = alpha;
    set_gemm_output(context, args, shape, attributes, 4);
    run_gemm(context, args);
  }
  GemmAttributes attributes;
  float alpha;
};

}  // namespace flashrt::ort
