// Ops that move data: copies, slices, patches, casts, fills, and the Euler step of a sampler.
#pragma once

#include <algorithm>
#include <functional>
#include <numeric>

#include "kernels/memory/copy.h"
#include "kernels/memory/euler_step.h"
#include "kernels/memory/strided_copy.h"
#include "ort/checks.h"

namespace flashrt::ort {

/// The identity, in a buffer of its own.
struct Copy {
  static constexpr const char* name = "Copy";
  static Schema schema() {
    return {{{"X", kT}}, {{"Y", kT}}, {},
            {DType::f32, DType::f16, DType::bf16, DType::f8e4m3, DType::u8, DType::i8, DType::i32, DType::i64, DType::boolean}};
  }
  static void infer(ShapeInference& shapes) { shapes.same(0, 0); }
  explicit Copy(const NodeInfo&) {}
  void compute(const Context& context) const {
    const Tensor x = context.input(0);
    const CopyArgs args{x.data, context.output(0, x.shape).data, x.count() * size_of(context.type())};
    context.run(args, FLASHRT_BACKENDS(copy));
  }
};

/// Columns col_offset .. col_offset + dst_cols - 1 of each row.
struct StridedCopy {
  static constexpr const char* name = "StridedCopy";
  static Schema schema() { return {{{"src", kT}}, {{"dst", kT}}, {required_int("dst_cols"), {"col_offset", int64_t{0}}}}; }
  static void infer(ShapeInference& shapes) {
    if (!shapes.input(0) || shapes.input(0)->empty()) return;
    Dims dims = *shapes.input(0);
    dims.back() = ShapeInference::of(shapes.int_attribute("dst_cols"));
    shapes.output(0, dims);
  }
  explicit StridedCopy(const NodeInfo& node) : dst_cols(positive_attribute(node, "dst_cols")), col_offset(natural_attribute(node, "col_offset")) {}
  void compute(const Context& context) const {
    const Tensor src = context.input(0);
    check_rank_at_least(src, 1);
    check(dst_cols <= src.last() && col_offset <= src.last() - dst_cols, "columns ", col_offset, " to ", col_offset + dst_cols - 1,
          " (attributes col_offset and dst_cols) are not all within the ", src.last(), " columns of input src, shape ", to_string(src.shape));
    const int64_t size = size_of(context.type());
    Shape shape = src.shape;
    shape.back() = dst_cols;
    StridedCopyArgs args;
    args.from = src.as<const char>() + col_offset * size;
    args.to = context.output(0, shape).data;
    args.run = dst_cols * size;
    args.sizes[0] = src.rows();
    args.strides[0] = src.last() * size;
    context.run(args, FLASHRT_BACKENDS(strided_copy));
  }
  int64_t dst_cols, col_offset;
};

struct FillNegInf {
  static constexpr const char* name = "FillNegInf";
  static Schema schema() { return {{{"X", kT}}, {{"Y", kT, {0}}}}; }
  static void infer(ShapeInference& shapes) { shapes.same(0, 0); }
  explicit FillNegInf(const NodeInfo&) {}
  void compute(const Context& context) const {
    const Tensor x = context.input(0);
    const FillNegInfArgs args{context.type(), context.output(0, x.shape).data, x.count()};
    context.run(args, FLASHRT_BACKENDS(fill_neg_inf));
  }
};

/// Head h of the result is head h / repeat of the source.
struct RepeatInterleaveHeads {
  static constexpr const char* name = "RepeatInterleaveHeads";
  static Schema schema() { return {{{"src", kT}}, {{"dst", kT}}, {required_int("num_heads"), required_int("repeat")}}; }
  static void infer(ShapeInference& shapes) {
    if (!shapes.input(0) || shapes.input(0)->empty()) return;
    Dims dims = *shapes.input(0);
    dims.back() = dims.back().known() ? ShapeInference::of(dims.back().value * shapes.int_attribute("repeat")) : ShapeInference::unknown();
    shapes.output(0, dims);
  }
  explicit RepeatInterleaveHeads(const NodeInfo& node) : num_heads(positive_attribute(node, "num_heads")), repeat(positive_attribute(node, "repeat")) {}
  void compute(const Context& context) const {
    const Tensor src = context.input(0);
    check_rank_at_least(src, 1);
    check(src.last() % num_heads == 0, "the last axis of input src must be a multiple of num_heads = ", num_heads, ", got shape ",
          to_string(src.shape));
    Shape shape = src.shape;
    shape.back() *= repeat;
    StridedCopyArgs args;
    args.from = src.data;
    args.to = context.output(0, shape).data;
    args.run = src.last() / num_heads * size_of(context.type());
    const int64_t sizes[] = {src.rows(), num_heads, repeat}, strides[] = {num_heads * args.run, args.run, 0};
    std::copy_n(sizes, 3, args.sizes);
    std::copy_n(strides, 3, args.strides);
    context.run(args, FLASHRT_BACKENDS(strided_copy));
  }
  int64_t num_heads, repeat;
};

/// Images to rows of patches. Attribute layout has the axes of the images, patch_order those of a patch within its row.
struct PatchIm2col {
  static constexpr const char* name = "PatchIm2col";
  static Schema schema() {
    return {{{"X", kT}},
            {{"Y", kT}},
            {{"patch_size", int64_t{14}},
             {"layout", std::string("NHWC"), {"NHWC", "NCHW"}},
             {"patch_order", std::string("HWC"), {"HWC", "CHW"}},
             {"output_layout", std::string("rows"), {"rows", "images"}}}};
  }
  static void infer(ShapeInference& shapes) {
    const auto& x = shapes.input(0);
    const int64_t patch = shapes.int_attribute("patch_size");
    if (!x || x->size() < 3 || patch <= 0) return;
    const Axes axes(shapes.string_attribute("layout"), static_cast<int>(x->size()));
    const auto over = [&](const Dim& size) { return size.known() ? ShapeInference::of(size.value / patch) : size; };
    const Dim views = std::accumulate(x->begin(), x->end() - 3, ShapeInference::of(1), product);
    const Dim patches = product(over((*x)[axes.height]), over((*x)[axes.width]));
    const Dim features = product((*x)[axes.channels], ShapeInference::of(patch * patch));
    if (shapes.string_attribute("output_layout") == "images") shapes.output(0, {views, patches, features});
    else shapes.output(0, {product(views, patches), features});
  }
  explicit PatchIm2col(const NodeInfo& node)
      : patch(positive_attribute(node, "patch_size")),
        layout(node.string_attribute("layout")),
        channels_first(node.string_attribute("patch_order") == "CHW"),
        by_image(node.string_attribute("output_layout") == "images") {}

  void compute(const Context& context) const {
    const Tensor x = context.input(0);
    const char* wanted = layout == "NCHW" ? "[.., channels, height, width]" : "[.., height, width, channels]";
    check(x.rank() >= 3, "input X must be images ", wanted, " (attribute layout), got shape ", to_string(x.shape));
    const Axes axes(layout, static_cast<int>(x.rank()));
    const int64_t height = x.shape[axes.height], width = x.shape[axes.width], channels = x.shape[axes.channels];
    check(height % patch == 0 && width % patch == 0, "the height and the width of input X, ", wanted, ", must be multiples of patch_size = ", patch,
          ", got shape ", to_string(x.shape));
    const int64_t views = std::accumulate(x.shape.begin(), x.shape.end() - 3, int64_t{1}, std::multiplies<int64_t>());
    const int64_t rows = height / patch, columns = width / patch, features = patch * patch * channels;
    const Shape shape = by_image ? Shape{views, rows * columns, features} : Shape{views * rows * columns, features};
    StridedCopyArgs args;
    args.from = x.data;
    args.to = context.output(0, shape).data;
    args.run = size_of(context.type());
    const bool planes = layout == "NCHW";
    const int64_t pixel = planes ? args.run : channels * args.run, line = width * pixel, channel = planes ? height * line : args.run;
    const int64_t outer[] = {views, rows, columns}, outer_strides[] = {height * width * channels * args.run, patch * line, patch * pixel};
    const int64_t inner[] = {patch, patch}, inner_strides[] = {line, pixel};
    const int at = channels_first ? 4 : 3;  // the two axes of a patch; the channel is before or behind them
    std::copy_n(outer, 3, args.sizes);
    std::copy_n(outer_strides, 3, args.strides);
    std::copy_n(inner, 2, args.sizes + at);
    std::copy_n(inner_strides, 2, args.strides + at);
    args.sizes[channels_first ? 3 : 5] = channels;
    args.strides[channels_first ? 3 : 5] = channel;
    args.lengthen_run();
    context.run(args, FLASHRT_BACKENDS(strided_copy));
  }

  int64_t patch;
  std::string layout;
  bool channels_first, by_image;

 private:
  /// Where the three axes of an image are.
  struct Axes {
    Axes(const std::string& layout, int rank)
        : height(layout == "NCHW" ? rank - 2 : rank - 3), width(height + 1), channels(layout == "NCHW" ? rank - 3 : rank - 1) {}
    int height, width, channels;
  };

  static Dim product(const Dim& a, const Dim& b) {
    if (a.value == 1) return b;
    if (b.value == 1) return a;
    return a.known() && b.known() ? ShapeInference::of(a.value * b.value) : ShapeInference::unknown();
  }
};

struct CastFloat16 {
  static constexpr const char* name = "CastFloat16";
  static Schema schema() { return {{{"X", kFloat32}}, {{"Y", {DType::f16}}}, {}, {}}; }
  static void infer(ShapeInference& shapes) { shapes.same(0, 0); }
  explicit CastFloat16(const NodeInfo&) {}
  void compute(const Context& context) const {
    const Tensor x = context.input(0);
    const CastFloat16Args args{x.as<const float>(), context.output(0, x.shape).as<Float16>(), x.count()};
    context.run(args, FLASHRT_BACKENDS(cast_float16));
  }
};

/// actions + dt * velocity, the velocity read from element velocity_offset on.
struct EulerStep {
  static constexpr const char* name = "EulerStep";
  static Schema schema() {
    return {{{"actions", kFloat32}, {"velocity", kT}},
            {{"actions_out", kFloat32, {0}}},
            {{"dt", 0.0f, {}, true}, {"velocity_offset", int64_t{0}}}};
  }
  static void infer(ShapeInference& shapes) { shapes.same(0, 0); }
  explicit EulerStep(const NodeInfo& node) : dt(finite_attribute(node, "dt")), velocity_offset(natural_attribute(node, "velocity_offset")) {}
  void compute(const Context& context) const {
    const Tensor actions = context.input(0), velocity = context.input(1);
    const int64_t count = actions.count();
    check(count <= velocity.count() && velocity_offset <= velocity.count() - count, "input velocity must hold velocity_offset + ", count,
          " elements, that is at least ", velocity_offset, " + ", count, " for actions of shape ", to_string(actions.shape), ", got shape ",
          to_string(velocity.shape));
    EulerStepArgs args{context.type(), actions.as<const float>(), velocity.as<const char>() + velocity_offset * size_of(context.type()),
                       context.output(0, actions.shape).as<float>(), count, dt};
    context.run(args, FLASHRT_BACKENDS(euler_step));
  }
  float dt;
  int64_t velocity_offset;
};

}  // namespace flashrt::ort
