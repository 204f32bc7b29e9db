// The norm family: every op here fills RowNormArgs and calls row_norm.
#pragma once

#include "kernels/norm/row_norm.h"
#include "ort/checks.h"

namespace flashrt::ort {

inline float checked_epsilon(const NodeInfo& node) {
  const float epsilon = node.float_attribute("epsilon");
  check(epsilon >= 0 && epsilon < 1, "attribute epsilon must be a small number >= 0, got ", epsilon);
  return epsilon;
}

inline RowNormArgs row_norm_args(const Context& context, const Tensor& x, RowStatistic statistic, float epsilon) {
  check_rank_at_least(x, 1);
  RowNormArgs args;
  args.dtype = context.type();
  args.statistic = statistic;
  args.epsilon = epsilon;
  args.rows = x.rows();
  args.cols = x.last();
  args.x = x.data;
  return args;
}

/// A weight, bias or other vector shared by all rows.
inline RowVectors shared_vector(const Tensor& t, int64_t cols) {
  check_vector(t, cols);
  return {t.data, 1, 0};
}

/// A modulation operand of shape [.., blocks * C]; the vector is its block number `block`.
inline RowVectors row_vectors(const Tensor& t, const Tensor& x, int64_t blocks = 1, int64_t block = 0, int64_t element_size = 0) {
  if (!t) return {};
  const int64_t cols = x.last();
  const int64_t vectors = check_row_vectors(t, x, blocks * cols);
  return {static_cast<const char*>(t.data) + block * cols * element_size, vectors, blocks * cols};
}

/// Where the op writes: `y` is the output's tensor, float or, in a quantising op, FP8 with the scale that input `scale_input` may give.
template <bool kQuantize>
void set_output(const Context& context, RowNormArgs& args, const Tensor& y, [[maybe_unused]] size_t scale_input = 0) {
  if constexpr (kQuantize) {
    const Tensor scale = context.input(scale_input);
    check_scale(scale);
    args.y_quantized = y.as<Float8E4M3>();
    args.quant_scale = scale.as<const float>();
  } else {
    args.y = y.data;
  }
}

inline void run_row_norm(const Context& context, const RowNormArgs& args) { context.run(args, FLASHRT_BACKENDS(row_norm)); }

inline Attribute epsilon_attribute(float value) { return {"epsilon", value}; }

struct RmsNorm {
  static constexpr const char* name = "RmsNorm";
  static Schema schema() { return {{{"X", kT}, {"weight", kT, true}}, {{"Y", kT, {0}}}, {epsilon_attribute(1e-6f)}}; }
  static void infer(ShapeInference& shapes) { shapes.same(0, 0); }
  explicit RmsNorm(const NodeInfo& node) : epsilon(checked_epsilon(node)) {}
  void compute(const Context& context) const {
    const Tensor x = context.input(0);
    auto args = row_norm_args(context, x, RowStatistic::rms, epsilon);
    args.weight = shared_vector(context.input(1), args.cols);
    set_output<false>(context, args, context.output(0, x.shape));
    run_row_norm(context, args);
  }
  float epsilon;
};

struct RmsNormQuantize {
  static constexpr const char* name = "RmsNormQuantize";
  static Schema schema() {
    return {{{"X", kT}, {"weight", kT, true}, {"scale", kFloat32, true}},
            {{"Y", kFloat8}, {"Yn", kT, {0}, true}},
            {epsilon_attribute(1e-6f)}};
  }
  static void infer(ShapeInference& shapes) {
    shapes.same(0, 0);
    shapes.same(1, 0);
  }
  explicit RmsNormQuantize(const NodeInfo& node) : epsilon(checked_epsilon(node)) {}
  void compute(const Context& context) const {
    const Tensor x = context.input(0);
    auto args = row_norm_args(context, x, RowStatistic::rms, epsilon);
    args.weight = shared_vector(context.input(1), args.cols);
    set_output<true>(context, args, context.output(0, x.shape), 2);
    args.y = context.output(1, x.shape).data;
    run_row_norm(context, args);
  }
  float epsilon;
};

/// LayerNorm and its FP8 twin.
template <bool kQuantize>
struct LayerNormOp {
  static constexpr const char* name = kQuantize ? "LayerNormQuantize" : "LayerNorm";
  static Schema schema() {
    Schema s{{{"X", kT}, {"gamma", kT, true}, {"beta", kT, true}}, {{"Y", kT, {0}}}, {epsilon_attribute(1e-5f)}};
    if (kQuantize) {
      s.inputs.push_back({"scale", kFloat32, true});
      s.outputs = {{"Y", kFloat8}};
    }
    return s;
  }
  static void infer(ShapeInference& shapes) { shapes.same(0, 0); }
  explicit LayerNormOp(const NodeInfo& node) : epsilon(checked_epsilon(node)) {}
  void compute(const Context& context) const {
    const Tensor x = context.input(0);
    auto args = row_norm_args(context, x, RowStatistic::layer, epsilon);
    args.weight = shared_vector(context.input(1), args.cols);
    args.beta = shared_vector(context.input(2), args.cols);
    set_output<kQuantize>(context, args, context.output(0, x.shape), 3);
    run_row_norm(context, args);
  }
  float epsilon;
};

/// Sets weight and beta from the inputs gamma, at `gamma_input`, and beta, the next one.
inline void set_affine(const Context& context, RowNormArgs& args, size_t gamma_input) {
  args.weight = shared_vector(context.input(gamma_input), args.cols);
  args.beta = shared_vector(context.input(gamma_input + 1), args.cols);
}

/// AdaLayerNorm and its FP8 twin: (n * gamma + beta) * (1 + scale) + shift.
template <bool kQuantize>
struct AdaLayerNormOp {
  static constexpr const char* name = kQuantize ? "AdaLayerNormQuantize" : "AdaLayerNorm";
  static Schema schema() {
    Schema s{{{"X", kT}, {"scale", kT}, {"shift", kT, !kQuantize}}, {{"Y", kT, {0}}}, {epsilon_attribute(1e-5f)}};
    if (kQuantize) {
      s.inputs.push_back({"quant_scale", kFloat32, true});
      s.outputs = {{"Y", kFloat8}};
    } else {
      s.inputs.insert(s.inputs.end(), {{"gamma", kT, true}, {"beta", kT, true}});
    }
    return s;
  }
  static void infer(ShapeInference& shapes) { shapes.same(0, 0); }
  explicit AdaLayerNormOp(const NodeInfo& node) : epsilon(checked_epsilon(node)) {}
  void compute(const Context& context) const {
    const Tensor x = context.input(0);
    auto args = row_norm_args(context, x, RowStatistic::layer, epsilon);
    args.scale = row_vectors(context.input(1), x);
    args.shift = row_vectors(context.input(2), x);
    if constexpr (!kQuantize) set_affine(context, args, 3);
    set_output<kQuantize>(context, args, context.output(0, x.shape), 3);
    run_row_norm(context, args);
  }
  float epsilon;
};

/// Fills scale, shift and gate from a style tensor, rows of [scale | shift | gate].
inline void set_style(RowNormArgs& args, const Tensor& style, const Tensor& x) {
  if (!style) return;
  const int64_t size = size_of(args.dtype);
  args.scale = row_vectors(style, x, 3, 0, size);
  args.shift = row_vectors(style, x, 3, 1, size);
  args.gate_in = row_vectors(style, x, 3, 2, size);
}

/// Fills what a modulation has apart from a style: the inputs scale and shift, the latter at `shift_input`.
inline void set_modulation(const Context& context, RowNormArgs& args, const Tensor& style, const Tensor& x, size_t shift_input) {
  const Tensor scale = context.input(shift_input - 1), shift = context.input(shift_input);
  check(style ? !scale && !shift : bool(scale), "a modulation needs either input style, rows of [scale | shift | gate], or input scale with or without shift");
  if (style) return set_style(args, style, x);
  args.scale = row_vectors(scale, x);
  args.shift = row_vectors(shift, x);
}

/// Where the gate of a style goes; there is none without a style.
inline void* gate_output(const Context& context, size_t output, const Tensor& style, const Tensor& x) {
  void* gate = context.output(output, x.shape).data;
  check(gate == nullptr || style, "the gate is part of input style, which is absent: leave the output out");
  return gate;
}

/// AdaRmsNorm and its FP8 twin.
template <bool kQuantize>
struct AdaRmsNormOp {
  static constexpr const char* name = kQuantize ? "AdaRmsNormQuantize" : "AdaRmsNorm";
  static Schema schema() {
    Schema s{{{"X", kT}, {"style", kT, !kQuantize}, {"weight", kT, true}},
             {{"Y", kT, {0}}, {"gate", kT, {}, true}},
             {epsilon_attribute(1e-6f)}};
    if (kQuantize) {
      s.inputs.push_back({"scale", kFloat32, true});
      s.outputs[0] = {"Y", kFloat8};
    } else {
      s.inputs.insert(s.inputs.end(), {{"scale", kT, true}, {"shift", kT, true}});
    }
    return s;
  }
  static void infer(ShapeInference& shapes) {
    shapes.same(0, 0);
    shapes.same(1, 0);
  }
  explicit AdaRmsNormOp(const NodeInfo& node) : epsilon(checked_epsilon(node)) {}
  void compute(const Context& context) const {
    const Tensor x = context.input(0);
    auto args = row_norm_args(context, x, RowStatistic::rms, epsilon);
    const Tensor style = context.input(1);
    if constexpr (kQuantize) set_style(args, style, x);
    else set_modulation(context, args, style, x, 4);
    args.weight = shared_vector(context.input(2), args.cols);
    set_output<kQuantize>(context, args, context.output(0, x.shape), 3);
    args.gate_out = gate_output(context, 1, style, x);
    run_row_norm(context, args);
  }
  float epsilon;
};

inline Attribute stash_attribute() { return {"stash", std::string("rounded"), {"rounded", "unrounded"}}; }

/// AddRmsNorm, AddLayerNorm and their FP8 twins: the residual sum, and its norm.
template <RowStatistic kStatistic, bool kQuantize>
struct AddNormOp {
  static constexpr bool kRms = kStatistic == RowStatistic::rms;
  static constexpr const char* name =
      kRms ? (kQuantize ? "AddRmsNormQuantize" : "AddRmsNorm") : (kQuantize ? "AddLayerNormQuantize" : "AddLayerNorm");
  static Schema schema() {
    Schema s;
    s.inputs = kRms ? std::vector<Input>{{"residual", kT}, {"x", kT}, {"weight", kT, true}, {"bias", kT, true}}
                    : std::vector<Input>{{"residual", kT}, {"x", kT}, {"gamma", kT, true}, {"beta", kT, true}, {"bias", kT, true}};
    s.outputs = {{"residual_out", kT, {0}}, {"Y", kT, {1}}};
    s.attributes = {epsilon_attribute(kRms ? 1e-6f : 1e-5f)};
    if (kRms) s.attributes.push_back(stash_attribute());
    if (kQuantize) {
      s.inputs.push_back({"scale", kFloat32, true});
      s.outputs[1] = {"Y", kFloat8};
    } else {
      s.inputs.push_back({"gate", kT, true});
    }
    return s;
  }
  static void infer(ShapeInference& shapes) {
    shapes.same(0, 0);
    shapes.same(1, 0);
  }
  explicit AddNormOp(const NodeInfo& node)
      : epsilon(checked_epsilon(node)), unrounded(kRms && node.string_attribute("stash") == "unrounded") {}
  void compute(const Context& context) const {
    const Tensor residual = context.input(0), x = context.input(1);
    check_same_shape(x, residual);
    auto args = row_norm_args(context, x, kStatistic, epsilon);
    args.residual = residual.data;
    args.unrounded = unrounded;
    args.weight = shared_vector(context.input(2), args.cols);
    size_t next = 3;
    if (!kRms) args.beta = shared_vector(context.input(next++), args.cols);
    args.bias = shared_vector(context.input(next++), args.cols);
    if constexpr (!kQuantize) args.gate = row_vectors(context.input(next), x);
    args.residual_out = context.output(0, x.shape).data;
    set_output<kQuantize>(context, args, context.output(1, x.shape), next);
    run_row_norm(context, args);
  }
  float epsilon;
  bool unrounded;
};

/// GatedAddAdaRmsNorm and its FP8 twin: residual + x * gate, its RMS norm modulated by the style, the next gate passed on.
template <bool kQuantize>
struct GatedAddAdaRmsNormOp {
  static constexpr const char* name = kQuantize ? "GatedAddAdaRmsNormQuantize" : "GatedAddAdaRmsNorm";
  static Schema schema() {
    Schema s{{{"residual", kT}, {"x", kT}, {"gate", kT, !kQuantize}, {"style", kT, !kQuantize}, {"weight", kT, true}},
             {{"residual_out", kT, {0}}, {"Y", kT, {1}}, {"gate_out", kT, {2}, true}},
             {epsilon_attribute(1e-6f)}};
    if (kQuantize) {
      s.inputs.push_back({"scale", kFloat32, true});
      s.outputs[1] = {"Y", kFloat8};
    } else {
      s.inputs.insert(s.inputs.end(), {{"scale", kT, true}, {"shift", kT, true}});
    }
    return s;
  }
  static void infer(ShapeInference& shapes) {
    for (size_t output : {0, 1, 2}) shapes.same(output, 0);
  }
  explicit GatedAddAdaRmsNormOp(const NodeInfo& node) : epsilon(checked_epsilon(node)) {}
  void compute(const Context& context) const {
    const Tensor residual = context.input(0), x = context.input(1);
    check_same_shape(x, residual);
    auto args = row_norm_args(context, x, RowStatistic::rms, epsilon);
    args.residual = residual.data;
    args.gate = row_vectors(context.input(2), x);
    const Tensor style = context.input(3);
    if constexpr (kQuantize) set_style(args, style, x);
    else set_modulation(context, args, style, x, 6);
    args.weight = shared_vector(context.input(4), args.cols);
    args.residual_out = context.output(0, x.shape).data;
    set_output<kQuantize>(context, args, context.output(1, x.shape), 5);
    args.gate_out = gate_output(context, 2, style, x);
    run_row_norm(context, args);
  }
  float epsilon;
};

/// residual + x * gate, then a layer norm, modulated: the seam between the two halves of a DiT block.
struct GatedAddAdaLayerNorm {
  static constexpr const char* name = "GatedAddAdaLayerNorm";
  static Schema schema() {
    return {{{"residual", kT}, {"x", kT}, {"gate", kT, true}, {"scale", kT, true}, {"shift", kT, true}, {"gamma", kT, true}, {"beta", kT, true}},
            {{"residual_out", kT, {0}}, {"Y", kT, {1}}},
            {epsilon_attribute(1e-5f)}};
  }
  static void infer(ShapeInference& shapes) {
    shapes.same(0, 0);
    shapes.same(1, 0);
  }
  explicit GatedAddAdaLayerNorm(const NodeInfo& node) : epsilon(checked_epsilon(node)) {}
  void compute(const Context& context) const {
    const Tensor residual = context.input(0), x = context.input(1);
    check_same_shape(x, residual);
    auto args = row_norm_args(context, x, RowStatistic::layer, epsilon);
    args.residual = residual.data;
    args.gate = row_vectors(context.input(2), x);
    args.scale = row_vectors(context.input(3), x);
    args.shift = row_vectors(context.input(4), x);
    set_affine(context, args, 5);
    args.residual_out = context.output(0, x.shape).data;
    set_output<false>(context, args, context.output(1, x.shape));
    run_row_norm(context, args);
  }
  float epsilon;
};

using LayerNorm = LayerNormOp<false>;
using LayerNormQuantize = LayerNormOp<true>;
using AdaLayerNorm = AdaLayerNormOp<false>;
using AdaLayerNormQuantize = AdaLayerNormOp<true>;
using AdaRmsNorm = AdaRmsNormOp<false>;
using AdaRmsNormQuantize = AdaRmsNormOp<true>;
using AddRmsNorm = AddNormOp<RowStatistic::rms, false>;
using AddRmsNormQuantize = AddNormOp<RowStatistic::rms, true>;
using AddLayerNorm = AddNormOp<RowStatistic::layer, false>;
using AddLayerNormQuantize = AddNormOp<RowStatistic::layer, true>;
using GatedAddAdaRmsNorm = GatedAddAdaRmsNormOp<false>;
using GatedAddAdaRmsNormQuantize = GatedAddAdaRmsNormOp<true>;

}  // namespace flashrt::ort
