// The quantize family: FP8, int8 and NVFP4, and back.
#pragma once

#include "kernels/quantize/dequantize_fp8.h"
#include "kernels/quantize/nvfp4.h"
#include "kernels/quantize/quantize8.h"
#include "ort/checks.h"

namespace flashrt::ort {

/// The attribute behind Schema::type_from_output_dtype.
inline Attribute output_dtype_attribute() { return {"output_dtype", std::string("float16"), {"float16", "bfloat16", "float32"}}; }

inline void run_quantize8(const Context& context, Quantize8Args& args) {
  const bool measures = context.is_cuda() && args.scaling == Scaling::tensor;
  const auto partials = context.scratch(measures ? kQuantize8Partials * sizeof(float) : 0);
  args.partials = static_cast<float*>(partials.data());
  context.run(args, FLASHRT_BACKENDS(quantize8));
}

/// Float to FP8 with a given, a measured or the unit scale.
struct QuantizeFp8 {
  static constexpr const char* name = "QuantizeFp8";
  static Schema schema() {
    return {{{"X", kT}, {"scale", kFloat32, true}}, {{"Y", kFloat8}, {"scale_out", kFloat32, {}, true}}, {{"dynamic", int64_t{0}}}};
  }
  static void infer(ShapeInference& shapes) {
    shapes.same(0, 0);
    shapes.output(1, {ShapeInference::of(1)});
  }
  explicit QuantizeFp8(const NodeInfo& node)
      : scaling(node.flag_attribute("dynamic") ? Scaling::tensor : node.has_input(1) ? Scaling::given : Scaling::unit) {
    check(scaling != Scaling::tensor || !node.has_input(1),
          "dynamic = 1 computes the scale, but input scale is there as well: drop the input, or set dynamic to 0");
  }
  void compute(const Context& context) const {
    const Tensor x = context.input(0), scale = context.input(1);
    check_scale(scale);
    Quantize8Args args;
    args.dtype = context.type();
    args.scaling = scaling;
    args.rows = 1;
    args.cols = x.count();
    args.x = x.data;
    args.scale = scale.as<const float>();
    args.y = context.output(0, x.shape).data;
    args.scale_out = context.output(1, {1}).as<float>();
    run_quantize8(context, args);
  }
  Scaling scaling;
};

/// Float to int8 with a scale for each row (token) or for the tensor, measured or given.
struct QuantizeInt8 {
  static constexpr const char* name = "QuantizeInt8";
  static Schema schema() {
    return {{{"X", kT}, {"scale", kFloat32, true}},
            {{"Y", kInt8}, {"scale_out", kFloat32, {}, true}},
            {{"granularity", std::string("token"), {"token", "tensor"}}}};
  }
  static void infer(ShapeInference& shapes) {
    shapes.same(0, 0);
    if (shapes.string_attribute("granularity") == "tensor") return shapes.output(1, {ShapeInference::of(1)});
    if (!shapes.input(0)) return;
    Dims leading(shapes.input(0)->begin(), shapes.input(0)->end() - 1);
    if (leading.empty()) leading.push_back(ShapeInference::of(1));
    shapes.output(1, leading);
  }
  explicit QuantizeInt8(const NodeInfo& node) : token(node.string_attribute("granularity") == "token"), given(node.has_input(1)) {
    check(!token || !given, "granularity = \"token\" measures a scale for each row, but input scale is there as well: drop the input, or "
          "set granularity to \"tensor\"");
  }
  void compute(const Context& context) const {
    const Tensor x = context.input(0), scale = context.input(1);
    check_rank_at_least(x, 1);
    check_scale(scale);
    Shape scale_shape{1};
    if (token && x.rank() > 1) scale_shape.assign(x.shape.begin(), x.shape.end() - 1);
    Quantize8Args args;
    args.dtype = context.type();
    args.code = DType::i8;
    args.scaling = token ? Scaling::token : given ? Scaling::given : Scaling::tensor;
    args.rows = element_count({x.shape.begin(), x.shape.end() - 1});
    args.cols = x.last();
    args.x = x.data;
    args.scale = scale.as<const float>();
    args.y = context.output(0, x.shape).data;
    args.scale_out = context.output(1, scale_shape).as<float>();
    run_quantize8(context, args);
  }
  bool token, given;
};

struct DequantizeFp8 {
  static constexpr const char* name = "DequantizeFp8";
  static Schema schema() {
    Schema s{{{"X", kFloat8}, {"scale", kFloat32}}, {{"Y", kT}}, {output_dtype_attribute()}};
    s.type_from_output_dtype = true;
    return s;
  }
  static void infer(ShapeInference& shapes) { shapes.same(0, 0); }
  explicit DequantizeFp8(const NodeInfo&) {}
  void compute(const Context& context) const {
    const Tensor x = context.input(0), scale = context.input(1);
    check_scale(scale);
    const DequantizeFp8Args args{context.type(), x.count(), x.as<const Float8E4M3>(), scale.as<const float>(), context.output(0, x.shape).data};
    context.run(args, FLASHRT_BACKENDS(dequantize_fp8));
  }
};

inline Attribute scale_layout_attribute() { return {"layout", std::string("linear"), {"linear", "swizzled"}}; }

inline ScaleLayout scale_layout(const NodeInfo& node) {
  return node.string_attribute("layout") == "linear" ? ScaleLayout::linear : ScaleLayout::swizzled;
}

struct QuantizeNvfp4 {
  static constexpr const char* name = "QuantizeNvfp4";
  static Schema schema() { return {{{"X", kT}}, {{"packed", kUint8}, {"scales", kUint8}}, {scale_layout_attribute()}}; }
  static void infer(ShapeInference& shapes) {
    if (!shapes.input(0)) return;
    const Dims& x = *shapes.input(0);
    const auto last = [&](int64_t (*of)(int64_t)) { return x.back().known() ? ShapeInference::of(of(x.back().value)) : ShapeInference::unknown(); };
    Dims packed = x, scales = x;
    packed.back() = last([](int64_t cols) { return cols / 2; });
    scales.back() = last([](int64_t cols) { return nvfp4_blocks(cols); });
    shapes.output(0, packed);
    if (shapes.string_attribute("layout") == "linear") return shapes.output(1, scales);
    int64_t rows = 1;
    for (size_t axis = 0; axis + 1 < x.size(); ++axis) rows = rows < 0 || !x[axis].known() ? -1 : rows * x[axis].value;
    shapes.output(1, {rows < 0 || !x.back().known() ? ShapeInference::unknown()
                                                    : ShapeInference::of(nvfp4_scale_bytes(rows, x.back().value, ScaleLayout::swizzled))});
  }
  explicit QuantizeNvfp4(const NodeInfo& node) : layout(scale_layout(node)) {}
  void compute(const Context& context) const {
    const Tensor x = context.input(0);
    check_rank_at_least(x, 1);
    check(x.last() % 2 == 0, "the last axis of input X must be even, because two elements share a byte, got shape ", to_string(x.shape));
    QuantizeNvfp4Args args;
    args.dtype = context.type();
    args.layout = layout;
    args.rows = element_count({x.shape.begin(), x.shape.end() - 1});
    args.cols = x.last();
    args.x = x.data;
    Shape packed = x.shape, scales = x.shape;
    packed.back() = args.cols / 2;
    scales.back() = nvfp4_blocks(args.cols);
    if (layout == ScaleLayout::swizzled) scales = {nvfp4_scale_bytes(args.rows, args.cols, layout)};
    args.packed = context.output(0, packed).as<uint8_t>();
    args.scales = context.output(1, scales).as<uint8_t>();
    context.run(args, FLASHRT_BACKENDS(quantize_nvfp4));
  }
  ScaleLayout layout;
};

/// Throws unless `scales` has a byte for each block that `layout` has for rows of `cols` elements.
inline void check_block_scales(const Tensor& scales, const Tensor& packed, int64_t rows, int64_t cols, ScaleLayout layout) {
  const int64_t bytes = nvfp4_scale_bytes(rows, cols, layout);
  check(scales.count() == bytes, "input ", scales.name, " must hold ", bytes, " bytes, the block scales of ", rows, " rows of ", cols,
        " elements in the ", layout == ScaleLayout::linear ? "linear" : "swizzled", " layout (input ", packed.name, " has shape ",
        to_string(packed.shape), "), got shape ", to_string(scales.shape));
}

struct DequantizeNvfp4 {
  static constexpr const char* name = "DequantizeNvfp4";
  static Schema schema() {
    Schema s{{{"packed", kUint8}, {"scales", kUint8}}, {{"Y", kT}}, {scale_layout_attribute(), output_dtype_attribute()}};
    s.type_from_output_dtype = true;
    return s;
  }
  static void infer(ShapeInference& shapes) {
    if (!shapes.input(0)) return;
    Dims dims = *shapes.input(0);
    dims.back() = dims.back().known() ? ShapeInference::of(dims.back().value * 2) : ShapeInference::unknown();
    shapes.output(0, dims);
  }
  explicit DequantizeNvfp4(const NodeInfo& node) : layout(scale_layout(node)) {}
  void compute(const Context& context) const {
    const Tensor packed = context.input(0), scales = context.input(1);
    check_rank_at_least(packed, 1);
    DequantizeNvfp4Args args;
    args.dtype = context.type();
    args.layout = layout;
    args.rows = element_count({packed.shape.begin(), packed.shape.end() - 1});
    args.cols = packed.last() * 2;
    check_block_scales(scales, packed, args.rows, args.cols, layout);
    args.packed = packed.as<const uint8_t>();
    args.scales = scales.as<const uint8_t>();
    Shape shape = packed.shape;
    shape.back() = args.cols;
    args.y = context.output(0, shape).data;
    context.run(args, FLASHRT_BACKENDS(dequantize_nvfp4));
  }
  ScaleLayout layout;
};

}  // namespace flashrt::ort
