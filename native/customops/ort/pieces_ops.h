// Concat, Split and ScatterND as standard ONNX has them, in a form that a captured CUDA graph may replay at any time.
#pragma once

#include <algorithm>
#include <numeric>

#include "kernels/memory/pieces.h"
#include "kernels/memory/scatter_nd.h"
#include "ort/checks.h"

namespace flashrt::ort {

inline std::vector<DType> moved_types() {
  return {DType::f32, DType::f16, DType::bf16, DType::f8e4m3, DType::u8, DType::i8, DType::i32, DType::i64, DType::boolean};
}

inline int64_t product(const Shape& shape, int64_t from, int64_t to) {
  return std::accumulate(shape.begin() + from, shape.begin() + to, int64_t{1}, std::multiplies<>());
}

/// The axis counted from the front.
inline int64_t checked_axis(int64_t axis, const Tensor& x) {
  check(axis >= -x.rank() && axis < x.rank(), "attribute axis is ", axis, ", but input ", x.name, " has ", x.rank(), " axes, shape ", to_string(x.shape));
  return axis < 0 ? axis + x.rank() : axis;
}

inline constexpr const char* kPieceInputs[Pieces::kMost] = {"X0", "X1", "X2", "X3", "X4", "X5", "X6", "X7", "X8", "X9", "X10", "X11", "X12", "X13", "X14", "X15"};
inline constexpr const char* kPieceOutputs[Pieces::kMost] = {"Y0", "Y1", "Y2", "Y3", "Y4", "Y5", "Y6", "Y7", "Y8", "Y9", "Y10", "Y11", "Y12", "Y13", "Y14", "Y15"};

/// Tensors of one type joined along an axis.
struct Concat {
  static constexpr const char* name = "Concat";
  static Schema schema() {
    Schema s{{}, {{"Y", kT}}, {required_int("axis")}, moved_types()};
    for (int i = 0; i < Pieces::kMost; ++i) s.inputs.push_back({kPieceInputs[i], kT, i > 0});
    return s;
  }
  static void infer(ShapeInference& shapes) {
    if (!shapes.input(0)) return;
    Dims dims = *shapes.input(0);
    const auto rank = static_cast<int64_t>(dims.size());
    const int64_t given = shapes.int_attribute("axis"), axis = given < 0 ? given + rank : given;
    if (axis < 0 || axis >= rank) return;
    int64_t sum = 0;
    bool known = true;
    for (size_t i = 0; i < shapes.input_count() && shapes.has_input(i); ++i) {
      const auto& x = shapes.input(i);
      known = known && x && x->size() == dims.size() && (*x)[axis].known();
      if (known) sum += (*x)[axis].value;
    }
    dims[axis] = known ? ShapeInference::of(sum) : ShapeInference::unknown();
    shapes.output(0, dims);
  }
  explicit Concat(const NodeInfo& node) : axis(node.int_attribute("axis")) {}
  void compute(const Context& context) const {
    const Tensor first = context.input(0);
    const int64_t at = checked_axis(axis, first), rank = first.rank(), size = size_of(context.type());
    ConcatArgs args;
    Shape shape = first.shape;
    shape[at] = 0;
    int64_t end = 0;
    for (int i = 0; i < Pieces::kMost; ++i) {
      const Tensor x = context.input(i);
      if (!x) break;
      Shape others = x.shape;
      if (x.rank() == rank) others[at] = first.shape[at];
      check(others == first.shape, "input ", x.name, " must have the shape of input X0, ", to_string(first.shape), ", but for axis ", at, ", got ", to_string(x.shape));
      args.from[i] = x.data;
      args.pieces.ends[i] = end += product(x.shape, at, rank) * size;
      args.pieces.count = i + 1;
      shape[at] += x.shape[at];
    }
    args.pieces.rows = product(shape, 0, at);
    args.to = context.output(0, shape).data;
    context.run(args, FLASHRT_BACKENDS(concat));
  }
  int64_t axis;
};

/// One tensor split along an axis into parts of given sizes.
struct Split {
  static constexpr const char* name = "Split";
  static Schema schema() {
    Schema s{{{"X", kT}}, {}, {required_int("axis"), {"sizes", std::vector<int64_t>{}, {}, true}}, moved_types()};
    for (int i = 0; i < Pieces::kMost; ++i) s.outputs.push_back({kPieceOutputs[i], kT, {}, i > 0});
    return s;
  }
  static void infer(ShapeInference& shapes) {
    if (!shapes.input(0)) return;
    Dims dims = *shapes.input(0);
    const auto rank = static_cast<int64_t>(dims.size());
    const int64_t given = shapes.int_attribute("axis"), axis = given < 0 ? given + rank : given;
    const auto sizes = shapes.ints_attribute("sizes");
    if (axis < 0 || axis >= rank) return;
    for (size_t i = 0; i < sizes.size() && i < Pieces::kMost; ++i) {
      dims[axis] = ShapeInference::of(sizes[i]);
      shapes.output(i, dims);
    }
  }
  explicit Split(const NodeInfo& node) : axis(node.int_attribute("axis")), sizes(node.ints_attribute("sizes")) {
    constexpr int64_t kMost = std::numeric_limits<int64_t>::max() / Pieces::kMost;  // their sum does not overflow
    check(!sizes.empty() && sizes.size() <= Pieces::kMost, "attribute sizes must hold 1 to ", Pieces::kMost, " sizes, got ", sizes.size());
    check(std::all_of(sizes.begin(), sizes.end(), [](int64_t s) { return s >= 0 && s <= kMost; }), "attribute sizes must hold sizes from 0 to ", kMost, ", got ", to_string(sizes));
    for (size_t i = sizes.size(); i < Pieces::kMost; ++i)
      check(!node.has_output(i), "attribute sizes ", to_string(sizes), " has ", sizes.size(), " parts, but the node has output ", kPieceOutputs[i]);
  }
  void compute(const Context& context) const {
    const Tensor x = context.input(0);
    const int64_t at = checked_axis(axis, x), inner = product(x.shape, at + 1, x.rank()) * size_of(context.type());
    const int64_t sum = std::accumulate(sizes.begin(), sizes.end(), int64_t{0});
    check(sum == x.shape[at], "attribute sizes ", to_string(sizes), " adds up to ", sum, ", but axis ", at, " of input X has ", x.shape[at], " elements, shape ",
          to_string(x.shape));
    SplitArgs args;
    args.from = x.data;
    args.pieces.rows = product(x.shape, 0, at);
    args.pieces.count = static_cast<int>(sizes.size());
    Shape shape = x.shape;
    int64_t end = 0;
    for (size_t i = 0; i < sizes.size(); ++i) {
      shape[at] = sizes[i];
      args.pieces.ends[i] = end += sizes[i] * inner;
      args.to[i] = context.output(i, shape).data;
    }
    context.run(args, FLASHRT_BACKENDS(split));
  }
  int64_t axis;
  Shape sizes;
};

/// Slices written into a copy of a tensor.
struct ScatterND {
  static constexpr const char* name = "ScatterND";
  static Schema schema() {
    return {{{"data", kT}, {"indices", kInt64}, {"updates", kT}}, {{"Y", kT, {0}}}, {},
            {DType::f32, DType::f16, DType::bf16, DType::u8, DType::i8, DType::i32, DType::i64, DType::boolean}};
  }
  static void infer(ShapeInference& shapes) { shapes.same(0, 0); }
  explicit ScatterND(const NodeInfo&) {}
  void compute(const Context& context) const {
    const Tensor data = context.input(0), indices = context.input(1), updates = context.input(2);
    check_rank_at_least(indices, 1);
    const int64_t depth = indices.last(), size = size_of(context.type());
    check(depth >= 1 && depth <= data.rank() && depth <= ScatterNdArgs::kMostAxes, "the last axis of input indices must be 1 to ",
          std::min<int64_t>(data.rank(), ScatterNdArgs::kMostAxes), " for input data of shape ", to_string(data.shape), ", got shape ", to_string(indices.shape));
    Shape wanted(indices.shape.begin(), indices.shape.end() - 1);
    wanted.insert(wanted.end(), data.shape.begin() + depth, data.shape.end());
    check(updates.shape == wanted, "input updates must have the shape ", to_string(wanted), " (tuples of indices, then the axes of data that they leave), got ",
          to_string(updates.shape));
    ScatterNdArgs args;
    args.data = data.data;
    args.indices = indices.as<const int64_t>();
    args.updates = updates.data;
    args.y = context.output(0, data.shape).data;
    args.bytes = data.count() * size;
    args.tuples = indices.rows();
    args.run = product(data.shape, depth, data.rank()) * size;
    args.depth = static_cast<int>(depth);
    int64_t stride = args.run;
    for (int64_t axis = depth - 1; axis >= 0; --axis) {
      args.sizes[axis] = data.shape[axis];
      args.strides[axis] = stride;
      stride *= data.shape[axis];
    }
    context.run(args, FLASHRT_BACKENDS(scatter_nd));
  }
};

}  // namespace flashrt::ort
