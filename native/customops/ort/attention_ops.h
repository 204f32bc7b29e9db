// Attention: shapes, layouts and optional operands, turned into AttentionArgs.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/attention/attention.h"
#include "ort/checks.h"
#include "ort/head_layout.h"

namespace flashrt::ort {

/// A tensor of heads: its sizes, and how to reach (batch, token, head).
struct HeadTensor {
  int64_t batch = 1, tokens = 0, heads = 0, dim = 0;
  AttentionStrides strides;

  /// [B, S, N, D], [B, N, S, D] (`heads_first`), or with merged heads [B, S, N*D] and [S, N*D]. `merged_heads` is their number there.
  HeadTensor(const Tensor& t, bool heads_first, int64_t merged_heads) {
    const Shape& s = t.shape;
    if (t.rank() == 4) {
      batch = s[0];
      tokens = s[heads_first ? 2 : 1];
      heads = s[heads_first ? 1 : 2];
      dim = s[3];
    } else {
      check(t.rank() == 2 || t.rank() == 3, "input ", t.name, " must be [B, S, N, D] or [B, N, S, D] (attribute layout), or [B, S, N*D] or "
            "[S, N*D] with num_heads, got shape ", to_string(s));
      check(merged_heads > 0 && t.last() % merged_heads == 0, "input ", t.name, " of shape ", to_string(s),
            " has merged heads, and its last axis must divide into ", merged_heads, ": set attributes num_heads and num_kv_heads");
      batch = t.rank() == 3 ? s[0] : 1;
      tokens = s[t.rank() - 2];
      heads = merged_heads;
      dim = t.last() / merged_heads;
    }
    const int64_t width = heads * dim;
    if (t.rank() == 4 && heads_first) strides = {tokens * width, dim, tokens * dim};
    else strides = {tokens * width, width, dim};
  }
};

/// Strides of an operand of at most four axes that broadcasts to [batch, heads, queries, keys].
inline ScoreStrides score_strides(const Tensor& t, const AttentionArgs& a) {
  const int64_t full[4] = {a.batch, a.heads, a.queries, a.keys};
  int64_t strides[4] = {}, stride = 1;
  bool fits = t.rank() <= 4;
  for (int64_t axis = 3, from = t.rank() - 1; fits && from >= 0; --axis, --from) {
    const int64_t size = t.shape[static_cast<size_t>(from)];
    fits = size == full[axis] || size == 1;
    strides[axis] = size == 1 ? 0 : stride;
    stride *= size;
  }
  check(fits, "input ", t.name, " must broadcast to [B, Hq, Sq, Skv] = ", to_string({full[0], full[1], full[2], full[3]}), ", got shape ",
        to_string(t.shape));
  return {strides[0], strides[1], strides[2], strides[3]};
}

struct Attention {
  static constexpr const char* name = "Attention";
  enum Inputs { kQ, kK, kV, kBias, kMask, kKvLength, kFirstRowLength, kSink };

  static Schema schema() {
    return {{{"Q", kT}, {"K", kT, true}, {"V", kT, true}, {"bias", kT, true}, {"mask", kBool, true}, {"kv_length", kInt64, true},
             {"first_row_length", kInt64, true}, {"sink", kT, true}},
            {{"O", kT}, {"lse", kFloat32, {}, true}},
            {{"num_heads", int64_t{0}}, {"num_kv_heads", int64_t{0}}, {"scale", 0.0f}, {"causal", int64_t{0}}, {"window", int64_t{-1}},
             {"softcap", 0.0f}, {"layout", std::string("BSNH"), {"BSNH", "BNSH"}}, OutputLayout::attribute(),
             {"empty_row", std::string("zero"), {"zero", "nan"}}}};
  }

  explicit Attention(const NodeInfo& node)
      : num_heads(node.int_attribute("num_heads")),
        num_kv_heads(node.int_attribute("num_kv_heads")),
        scale(node.float_attribute("scale")),
        softcap(node.float_attribute("softcap")),
        causal(node.flag_attribute("causal")),
        window(node.int_attribute("window")),
        heads_first(node.string_attribute("layout") == "BNSH"),
        output(node.string_attribute("output_layout")),
        empty_row(node.string_attribute("empty_row") == "nan" ? std::numeric_limits<float>::quiet_NaN() : 0.0f) {
    check(num_heads >= 0 && num_kv_heads >= 0 && num_heads <= kMostSize && num_kv_heads <= kMostSize, "attributes num_heads and num_kv_heads "
          "must be 0 to ", kMostSize, ", got ", num_heads, " and ", num_kv_heads);
    check(num_heads == 0 || num_kv_heads == 0 || num_heads % num_kv_heads == 0, "attribute num_heads = ", num_heads,
          " must be a multiple of num_kv_heads = ", num_kv_heads, ": query heads share key heads in equal groups");
    check(scale >= 0 && std::isfinite(scale), "attribute scale must be positive, or 0 for 1/sqrt(head dimension), got ", scale);
    check(softcap >= 0 && std::isfinite(softcap), "attribute softcap must be positive, or 0 for none, got ", softcap);
    check(window >= -1, "attribute window must be a number of keys, or -1 for none, got ", window);
    check(node.has_input(kK) == node.has_input(kV), "inputs K and V come together: give both, or neither when Q holds packed Q | K | V");
  }

  static void infer(ShapeInference& shapes);

  void compute(const Context& context) const {
    const Tensor q = context.input(kQ), k = context.input(kK), v = context.input(kV);
    AttentionArgs a;
    a.dtype = context.type();
    if (k) set_heads(a, q, k, v);
    else set_packed_heads(a, q);
    check(a.kv_heads > 0 && a.heads % a.kv_heads == 0, "the ", a.heads, " query heads must be a multiple of the ", a.kv_heads, " key heads");
    check(a.queries * (a.heads / a.kv_heads) <= 2147483647 - 1024 && a.keys <= 2147483647 - 1024, "sequences of ", a.queries, " queries and ",
          a.keys, " keys are too long: split them");
    a.scale = scale > 0 ? scale : a.head_dim > 0 ? 1.0f / std::sqrt(static_cast<float>(a.head_dim)) : 1.0f;
    a.softcap = softcap;
    a.causal = causal;
    a.window = std::min(window, int64_t{1} << 40);  // positions minus this stay far from overflow
    set_options(a, context);

    a.empty_row = empty_row;
    const Tensor o = context.output(0, output.shape(q.shape, heads_first, a.batch, a.queries, a.heads, a.value_dim, a.heads * a.value_dim));
    a.o = o.data;
    const int64_t width = a.heads * a.value_dim;
    a.o_strides = output.rows ? AttentionStrides{a.queries * width, width, a.value_dim} : HeadTensor(o, output.is_heads_first(heads_first), a.heads).strides;
    a.lse = context.output(1, {a.batch, a.heads, a.queries}).as<float>();
    run(a, context);
  }

 private:
  void set_heads(AttentionArgs& a, const Tensor& q, const Tensor& k, const Tensor& v) const {
    check(num_heads > 0 || q.rank() == 4, "input Q of shape ", to_string(q.shape), " has merged heads: set attribute num_heads");
    const HeadTensor queries(q, heads_first, num_heads);
    check(num_heads == 0 || num_heads == queries.heads, "attribute num_heads = ", num_heads, " contradicts input Q of shape ",
          to_string(q.shape), " with ", queries.heads, " heads: leave num_heads out, or correct it or layout");
    const HeadTensor keys(k, heads_first, num_kv_heads > 0 ? num_kv_heads : queries.dim > 0 ? k.last() / queries.dim : 0);
    check(num_kv_heads == 0 || num_kv_heads == keys.heads, "attribute num_kv_heads = ", num_kv_heads, " contradicts input K of shape ",
          to_string(k.shape), " with ", keys.heads, " heads: leave num_kv_heads out, or correct it or layout");
    check(keys.batch == queries.batch && keys.dim == queries.dim, "inputs Q and K must agree in batch and head dimension: Q of shape ",
          to_string(q.shape), " has ", queries.batch, " and ", queries.dim, ", K of shape ", to_string(k.shape), " has ", keys.batch, " and ", keys.dim);
    const HeadTensor values(v, heads_first, keys.heads);
    check(values.batch == keys.batch && values.tokens == keys.tokens && values.heads == keys.heads,
          "inputs K and V must agree in batch, length and heads, got shapes ", to_string(k.shape), " and ", to_string(v.shape));
    a.batch = queries.batch;
    a.heads = queries.heads;
    a.kv_heads = keys.heads;
    a.queries = queries.tokens;
    a.keys = keys.tokens;
    a.head_dim = queries.dim;
    a.value_dim = values.dim;
    a.q = q.data;
    a.k = k.data;
    a.v = v.data;
    a.q_strides = queries.strides;
    a.k_strides = keys.strides;
    a.v_strides = values.strides;
  }

  /// Q | K | V side by side in the columns of one tensor.
  void set_packed_heads(AttentionArgs& a, const Tensor& q) const {
    check(num_heads > 0 && (q.rank() == 2 || q.rank() == 3), "without K and V, input Q must be packed Q | K | V, [B, S, (Hq+2*Hkv)*D] or "
          "[S, (Hq+2*Hkv)*D], and attribute num_heads set (got ", num_heads, "), got shape ", to_string(q.shape));
    a.heads = num_heads;
    a.kv_heads = num_kv_heads > 0 ? num_kv_heads : num_heads;
    const HeadTensor packed(q, false, a.heads + 2 * a.kv_heads);
    a.batch = packed.batch;
    a.queries = a.keys = packed.tokens;
    a.head_dim = a.value_dim = packed.dim;
    const auto* data = static_cast<const char*>(q.data);
    a.q = data;
    a.k = data + a.heads * packed.dim * size_of(a.dtype);
    a.v = data + (a.heads + a.kv_heads) * packed.dim * size_of(a.dtype);
    a.q_strides = a.k_strides = a.v_strides = packed.strides;
  }

  void set_options(AttentionArgs& a, const Context& context) const {
    const Tensor bias = context.input(kBias), mask = context.input(kMask), length = context.input(kKvLength);
    const Tensor first = context.input(kFirstRowLength), sink = context.input(kSink);
    if (bias) {
      a.bias = bias.data;
      a.bias_strides = score_strides(bias, a);
    }
    if (mask) {
      a.mask = mask.as<const uint8_t>();
      a.mask_strides = score_strides(mask, a);
    }
    if (length) {
      check(length.count() == 1 || length.count() == a.batch, "input ", length.name, " must hold one int64, or one for each of the ", a.batch,
            " batch entries, got shape ", to_string(length.shape));
      a.kv_length = length.as<const int64_t>();
      a.kv_length_stride = length.count() == 1 ? 0 : 1;
    }
    if (first) {
      check(first.count() == 1, "input ", first.name, " must hold exactly one int64, got shape ", to_string(first.shape));
      a.first_row_length = first.as<const int64_t>();
    }
    check_vector(sink, a.heads);
    a.sink = sink.data;
  }

  static void run(AttentionArgs& a, const Context& context) {
#if defined(FLASHRT_WITH_CUDA)
    if (context.is_cuda()) {
      const int64_t bytes = attention_scratch_bytes(a);
      if (bytes > 0) {
        const Context::Scratch scratch = context.scratch(static_cast<size_t>(bytes));
        a.scratch = scratch.data();
        return attention_cuda(a, context.stream());
      }
    }
#endif
    context.run(a, FLASHRT_BACKENDS(attention));
  }

  int64_t num_heads, num_kv_heads;
  float scale, softcap;
  bool causal;
  int64_t window;
  bool heads_first;
  OutputLayout output;
  float empty_row;
};

inline void Attention::infer(ShapeInference& shapes) {
  const auto &q = shapes.input(kQ), &k = shapes.input(kK), &v = shapes.input(kV);
  if (!q || q->size() < 2 || q->size() > 4) return;
  const bool heads_first = shapes.string_attribute("layout") == "BNSH", split = q->size() == 4;
  const int64_t num_heads = shapes.int_attribute("num_heads"), num_kv_heads = shapes.int_attribute("num_kv_heads");
  const Dim heads = split ? (*q)[heads_first ? 1 : 2] : ShapeInference::of(num_heads);
  const Dim tokens = (*q)[split ? (heads_first ? 2 : 1) : q->size() - 2], batch = q->size() == 2 ? ShapeInference::of(1) : (*q)[0];

  Dim value_dim = ShapeInference::unknown();
  const auto known = [](const std::optional<Dims>& t) { return t && !t->empty() && t->back().known(); };
  if (!shapes.has_input(kK)) {
    const int64_t blocks = num_heads + 2 * (num_kv_heads > 0 ? num_kv_heads : num_heads);
    if (known(q) && blocks > 0) value_dim = ShapeInference::of(q->back().value / blocks);
  } else if (v && v->size() == 4) {
    value_dim = v->back();
  } else if (known(v)) {
    const int64_t head_dim = split ? q->back().value : known(q) && num_heads > 0 ? q->back().value / num_heads : 0;
    int64_t kv_heads = num_kv_heads;
    if (kv_heads == 0 && k && k->size() == 4) kv_heads = (*k)[heads_first ? 1 : 2].value;
    if (kv_heads == 0 && known(k) && head_dim > 0) kv_heads = k->back().value / head_dim;
    if (kv_heads > 0) value_dim = ShapeInference::of(v->back().value / kv_heads);
  }

  const Dim merged = value_dim.known() && heads.known() && heads.value > 0 ? ShapeInference::of(value_dim.value * heads.value) : ShapeInference::unknown();
  shapes.output(0, OutputLayout(shapes.string_attribute("output_layout")).shape(*q, heads_first, batch, tokens, heads, value_dim, merged));
  shapes.output(1, {batch, heads, tokens});
}

}  // namespace flashrt::ort
