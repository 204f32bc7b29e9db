// Ops that move data: copies, slices, patches, casts, fills, and the Euler step of a sampler.
#pragma once

#include <algorithm>

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

/// Images [views, height, width, channels] to rows of patches, in the order height, width, channel within a patch.
struct PatchIm2col {
  static constexpr const char* name = "PatchIm2col";
  static Schema schema() { return {{{"X", kT}}, {{"Y", kT}}, {{"patch_size", int64_t{14}}}}; }
  static void infer(ShapeInference& shapes) {
    const auto& x = shapes.input(0);
    const int64_t patch = shapes.int_attribute("patch_size");
    if (!x || x->size() != 4 || patch <= 0) return;
    const auto known = [&](std::initializer_list<int> axes, int64_t value) {
      return std::all_of(axes.begin(), axes.end(), [&](int axis) { return (*x)[axis].known(); }) ? ShapeInference::of(value) : ShapeInference::unknown();
    };
    const auto at = [&](int axis) { return (*x)[axis].value; };
    shapes.output(0, {known({0, 1, 2}, at(0) * (at(1) / patch) * (at(2) / patch)), known({3}, patch * patch * at(3))});
  }
  explicit PatchIm2col(const NodeInfo& node) : patch(positive_attribute(node, "patch_size")) {}
  void compute(const Context& context) const {
    const Tensor x = context.input(0);
    check(x.rank() == 4, "input X must be images [views, height, width, channels], got shape ", to_string(x.shape));
    const int64_t views = x.shape[0], height = x.shape[1], width = x.shape[2], channels = x.shape[3];
    check(height % patch == 0 && width % patch == 0, "the height and the width of input X must be multiples of patch_size = ", patch,
          ", got shape ", to_string(x.shape));
    StridedCopyArgs args;
    args.from = x.data;
    args.to = context.output(0, {views * (height / patch) * (width / patch), patch * patch * channels}).data;
    args.run = patch * channels * size_of(context.type());
    const int64_t line = width / patch * args.run;  // a line of pixels
    const int64_t sizes[] = {views, height / patch, width / patch, patch}, strides[] = {height * line, patch * line, args.run, line};
    std::copy_n(sizes, 4, args.sizes);
    std::copy_n(strides, 4, args.strides);
    context.run(args, FLASHRT_BACKENDS(strided_copy));
  }
  int64_t patch;
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
  explicit EulerStep(const NodeInfo& node) : dt(node.float_attribute("dt")), velocity_offset(natural_attribute(node, "velocity_offset")) {}
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
