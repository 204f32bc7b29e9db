// The activation family, and the elementwise fusions around an activation or the residual stream.
#pragma once

#include "kernels/activation/bias_activation.h"
#include "kernels/activation/softmax_rows.h"
#include "kernels/elementwise/gated_activation.h"
#include "kernels/elementwise/residual_add.h"
#include "ort/checks.h"

namespace flashrt::ort {

/// x, and a bias of one value for each channel or of the shape of x.
inline BiasActivationArgs bias_activation_args(const Context& context, const Tensor& x, const Tensor& bias) {
  BiasActivationArgs args;
  args.dtype = context.type();
  args.rows = x.rows();
  args.cols = x.last();
  args.x = x.data;
  args.bias = bias.data;
  if (!bias) return args;
  const bool full = bias.shape == x.shape;
  check(full || (bias.count() == args.cols && bias.last() == args.cols), "input bias must hold one value for each of the ", args.cols,
        " channels (shape [", args.cols, "]) or have the shape of input X, ", to_string(x.shape), ", got shape ", to_string(bias.shape));
  args.bias_vectors = full ? args.rows : 1;
  return args;
}

/// Gelu, Silu and Relu: their schemas differ in the name and in the attribute of Gelu.
struct ActivationOp {
  static Schema schema() { return {{{"X", kT}, {"bias", kT, true}}, {{"Y", kT, {0}}}}; }
  static void infer(ShapeInference& shapes) { shapes.same(0, 0); }
  explicit ActivationOp(Activation function) : activation(function) {}
  void compute(const Context& context) const {
    const Tensor x = context.input(0);
    auto args = bias_activation_args(context, x, context.input(1));
    args.activation = activation;
    args.y = context.output(0, x.shape).data;
    context.run(args, FLASHRT_BACKENDS(bias_activation));
  }
  Activation activation;
};

struct Gelu : ActivationOp {
  static constexpr const char* name = "Gelu";
  static Schema schema() {
    Schema s = ActivationOp::schema();
    s.attributes = {{"approximate", std::string("none"), {"none", "tanh", "quick"}}};
    return s;
  }
  explicit Gelu(const NodeInfo& node) : ActivationOp(form(node.string_attribute("approximate"))) {}
  static Activation form(const std::string& approximate) {
    return approximate == "tanh" ? Activation::gelu_tanh : approximate == "quick" ? Activation::gelu_quick : Activation::gelu_erf;
  }
};

struct Silu : ActivationOp {
  static constexpr const char* name = "Silu";
  explicit Silu(const NodeInfo&) : ActivationOp(Activation::silu) {}
};

struct Relu : ActivationOp {
  static constexpr const char* name = "Relu";
  explicit Relu(const NodeInfo&) : ActivationOp(Activation::relu) {}
};

struct BiasAdd {
  static constexpr const char* name = "BiasAdd";
  static Schema schema() { return {{{"X", kT}, {"bias", kT}, {"position", kT, true}}, {{"Y", kT, {0}}}}; }
  static void infer(ShapeInference& shapes) { shapes.same(0, 0); }
  explicit BiasAdd(const NodeInfo&) {}
  void compute(const Context& context) const {
    const Tensor x = context.input(0), bias = context.input(1), position = context.input(2);
    check_rank_at_least(x, 1);
    check_vector(bias, x.last());
    auto args = bias_activation_args(context, x, bias);
    args.bias_vectors = 1;
    if (position) {
      check(position.last() == args.cols && position.rows() > 0, "input position must be a table [P, ", args.cols,
            "] with at least one row, got shape ", to_string(position.shape));
      args.position = position.data;
      args.position_vectors = position.rows();
    }
    args.y = context.output(0, x.shape).data;
    context.run(args, FLASHRT_BACKENDS(bias_activation));
  }
};

struct ResidualAdd {
  static constexpr const char* name = "ResidualAdd";
  static Schema schema() {
    return {{{"residual", kT}, {"x", kT}, {"gate", kT, true}, {"bias", kT, true}}, {{"residual_out", kT, {0}}}};
  }
  static void infer(ShapeInference& shapes) { shapes.same(0, 0); }
  explicit ResidualAdd(const NodeInfo&) {}
  void compute(const Context& context) const {
    const Tensor residual = context.input(0), x = context.input(1), gate = context.input(2), bias = context.input(3);
    check_rank_at_least(residual, 1);
    check_same_shape(x, residual);
    ResidualAddArgs args;
    args.dtype = context.type();
    args.rows = x.rows();
    args.cols = x.last();
    args.residual = residual.data;
    args.x = x.data;
    if (gate && gate.count() == 1 && !bias) {  // one number: every element is a row of its own
      args.gate = gate.data;
      args.rows *= args.cols;
      args.cols = 1;
    } else if (gate) {
      args.gate = gate.data;
      args.gate_vectors = check_row_vectors(gate, x, args.cols);
    }
    check_vector(bias, args.cols);
    args.bias = bias.data;
    args.y = context.output(0, residual.shape).data;
    context.run(args, FLASHRT_BACKENDS(residual_add));
  }
};

inline Activation gate_activation(const std::string& name) {
  if (name == "gelu_erf") return Activation::gelu_erf;
  if (name == "gelu_quick") return Activation::gelu_quick;
  if (name == "silu") return Activation::silu;
  if (name == "relu") return Activation::relu;
  if (name == "sigmoid") return Activation::sigmoid;
  return Activation::gelu_tanh;
}

/// GatedActivation and its FP8 twin. Without `up` the rows of `gate` are merged, [gate | up] or [up | gate].
template <bool kQuantize>
struct GatedActivationOp {
  static constexpr const char* name = kQuantize ? "GatedActivationQuantize" : "GatedActivation";
  static Schema schema() {
    // The merged form halves the last axis, so ONNX Runtime never finds its output equal in size to an input and does not alias it.
    Schema s{{{"gate", kT}, {"up", kT, true}},
             {{"Y", kT, {0, 1}}},
             {{"activation", std::string("gelu_tanh"), {"gelu_tanh", "gelu_erf", "gelu_quick", "silu", "relu", "sigmoid"}},
              {"order", std::string("gate_up"), {"gate_up", "up_gate"}}}};
    if (kQuantize) {
      s.inputs.push_back({"scale", kFloat32, true});
      s.outputs = {{"Y", kFloat8}};
    }
    return s;
  }
  static void infer(ShapeInference& shapes) {
    if (shapes.has_input(1)) return shapes.same(0, 0);
    if (!shapes.input(0) || shapes.input(0)->empty()) return;
    Dims dims = *shapes.input(0);
    dims.back() = dims.back().known() ? ShapeInference::of(dims.back().value / 2) : ShapeInference::unknown();
    shapes.output(0, dims);
  }
  explicit GatedActivationOp(const NodeInfo& node)
      : activation(gate_activation(node.string_attribute("activation"))), up_first(node.string_attribute("order") == "up_gate") {}
  void compute(const Context& context) const {
    const Tensor gate = context.input(0), up = context.input(1);
    check_rank_at_least(gate, 1);
    Shape shape = gate.shape;
    GatedActivationArgs args;
    args.dtype = context.type();
    args.activation = activation;
    args.rows = gate.rows();
    args.pitch = gate.last();
    args.gate = gate.data;
    if (up) {
      check_same_shape(up, gate);
      args.up = up.data;
    } else {
      check(gate.last() % 2 == 0, "input gate without input up holds merged rows, so its last axis must be even, got shape ",
            to_string(gate.shape));
      shape.back() /= 2;
      args.up = gate.as<const char>() + shape.back() * size_of(args.dtype);
      if (up_first) std::swap(args.gate, args.up);
    }
    args.cols = shape.back();
    const Tensor y = context.output(0, shape);
    if constexpr (kQuantize) {
      const Tensor scale = context.input(2);
      check_scale(scale);
      args.y_quantized = y.as<Float8E4M3>();
      args.quant_scale = scale.as<const float>();
    } else {
      args.y = y.data;
    }
    context.run(args, FLASHRT_BACKENDS(gated_activation));
  }
  Activation activation;
  bool up_first;
};

using GatedActivation = GatedActivationOp<false>;
using GatedActivationQuantize = GatedActivationOp<true>;

struct SoftmaxRows {
  static constexpr const char* name = "SoftmaxRows";
  static Schema schema() { return {{{"X", kT}}, {{"Y", kT, {0}}}}; }
  static void infer(ShapeInference& shapes) { shapes.same(0, 0); }
  explicit SoftmaxRows(const NodeInfo&) {}
  void compute(const Context& context) const {
    const Tensor x = context.input(0);
    check_rank_at_least(x, 1);
    SoftmaxRowsArgs args{context.type(), x.rows(), x.last(), x.data, context.output(0, x.shape).data};
    context.run(args, FLASHRT_BACKENDS(softmax_rows));
  }
};

}  // namespace flashrt::ort
