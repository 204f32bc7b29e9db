// Rotary embeddings, and the QKV splits around them, which fill RopeHeadsArgs and call rope_heads; the embedding of timesteps.
#pragma once

#include "kernels/memory/copy.h"
#include "kernels/rope/rope_heads.h"
#include "kernels/rope/timestep_embedding.h"
#include "ort/checks.h"
#include "ort/head_layout.h"
#include "ort/quantize_ops.h"

namespace flashrt::ort {

inline std::vector<Attribute> rope_attributes() {
  return {{"style", std::string("rotate_half"), {"rotate_half", "interleaved"}}, {"rotary_dim", int64_t{0}}};
}

/// The attributes that all rotations have.
struct RopeAttributes {
  explicit RopeAttributes(const NodeInfo& node)
      : style(node.string_attribute("style") == "interleaved" ? RopeStyle::interleaved : RopeStyle::rotate_half),
        rotary_dim(natural_attribute(node, "rotary_dim")) {
    check(rotary_dim % 2 == 0, "attribute rotary_dim must be even (0 stands for the whole head), got ", rotary_dim);
  }

  /// Style, rotary_dim and the tables, once the sizes in `args` are known.
  void apply(RopeHeadsArgs& args, const Tensor& cosines, const Tensor& sines) const {
    args.style = style;
    args.rotary_dim = rotary_dim == 0 ? args.head_dim : rotary_dim;
    check(args.rotary_dim <= args.head_dim && args.rotary_dim % 2 == 0, "the rotated part of a head must be even and at most head_dim = ",
          args.head_dim, ", got ", args.rotary_dim, ": set attribute rotary_dim");
    check_table(cosines, args);
    check(sines.shape == cosines.shape, "inputs cos and sin must have the same shape, got ", to_string(cosines.shape), " and ",
          to_string(sines.shape));
    const int64_t width = cosines.last();
    args.table = {cosines.data, sines.data, width == 0 ? 1 : cosines.count() / (args.tokens * width), width};
  }

  static void check_table(const Tensor& t, const RopeHeadsArgs& a) {
    // [S, W], [1, S, W], [B, S, W] and [B, 1, S, W]: the axes in front of the last two must multiply to 1 or to B.
    const bool per_head = t.rank() == 4 && t.shape[1] != 1;
    const int64_t rank = t.rank(), batches = rank < 2 ? 0 : rank == 2 ? 1 : t.shape[0];
    const bool fits = rank >= 2 && rank <= 4 && !per_head && (batches == 1 || batches == a.batches) && t.shape[rank - 2] == a.tokens &&
                      (t.last() == a.rotary_dim || 2 * t.last() == a.rotary_dim);
    check(fits, "input ", t.name, " must be a table [S, W], [1, S, W], [B, S, W] or [B, 1, S, W] with S = ", a.tokens, " positions, B = ",
          a.batches, " (or 1) and W = ", a.rotary_dim, " or ", a.rotary_dim / 2, ", got shape ", to_string(t.shape));
  }

  RopeStyle style;
  int64_t rotary_dim;
};

struct RotaryEmbedding {
  static constexpr const char* name = "RotaryEmbedding";
  static Schema schema() {
    Schema s{{{"X", kT}, {"cos", kT}, {"sin", kT}}, {{"Y", kT, {0}}}, rope_attributes()};
    s.attributes.push_back({"layout", std::string("BSNH"), {"BSNH", "BNSH"}});
    s.attributes.push_back({"num_heads", int64_t{0}});
    s.attributes.push_back(OutputLayout::attribute());
    return s;
  }
  static void infer(ShapeInference& shapes) {
    const OutputLayout output(shapes.string_attribute("output_layout"));
    if (output.same) return shapes.same(0, 0);
    const auto& x = shapes.input(0);
    if (!x || x->size() < 2 || x->size() > 4) return;
    const bool split = x->size() == 4, heads_first = shapes.string_attribute("layout") == "BNSH";
    const Dim one = ShapeInference::of(1), heads = split ? (*x)[heads_first ? 1 : 2] : ShapeInference::of(shapes.int_attribute("num_heads"));
    const Dim tokens = split ? (*x)[heads_first ? 2 : 1] : (*x)[x->size() - 2], batch = x->size() == 2 ? one : (*x)[0];
    Dim dim = split ? x->back() : ShapeInference::unknown(), merged = split ? ShapeInference::unknown() : x->back();
    if (split && dim.known() && heads.known()) merged = ShapeInference::of(dim.value * heads.value);
    if (!split && merged.known() && heads.known() && heads.value > 0) dim = ShapeInference::of(merged.value / heads.value);
    shapes.output(0, output.shape(*x, heads_first, batch, tokens, heads, dim, merged));
  }
  explicit RotaryEmbedding(const NodeInfo& node)
      : rope(node),
        heads_first(node.string_attribute("layout") == "BNSH"),
        num_heads(natural_attribute(node, "num_heads")),
        output(node.string_attribute("output_layout")) {}

  void compute(const Context& context) const {
    const Tensor x = context.input(0);
    RopeHeadsArgs args;
    args.dtype = context.type();
    const int64_t heads = set_sizes(args, x);
    HeadBlock& block = args.blocks[0];
    const int64_t width = heads * args.head_dim;
    const HeadStrides rows{args.tokens * width, width, args.head_dim}, planes{args.tokens * width, args.head_dim, args.tokens * args.head_dim};
    const Tensor y = context.output(0, output.shape(x.shape, heads_first, args.batches, args.tokens, heads, args.head_dim, width));
    const bool from_planes = heads_first && x.rank() == 4, to_planes = y.rank() == 4 && output.is_heads_first(heads_first);
    block.from_at = from_planes ? planes : rows;
    block.to_at = to_planes ? planes : rows;
    block.width = width;
    block.rotated = true;
    args.block_count = 1;
    if (x.count() > 0) rope.apply(args, context.input(1), context.input(2));
    block.from = x.data;
    block.to = y.data;
    if (from_planes == to_planes || x.data != y.data) return context.run(args, FLASHRT_BACKENDS(rope_heads));
    // In place, but in another order: heads would be overwritten before they are read.
    const int64_t bytes = x.count() * size_of(args.dtype);
    const Context::Scratch copy = context.scratch(static_cast<size_t>(bytes));
    context.run(CopyArgs{x.data, copy.data(), bytes}, FLASHRT_BACKENDS(copy));
    block.from = copy.data();
    context.run(args, FLASHRT_BACKENDS(rope_heads));
  }

  /// Fills batches, tokens and head_dim from the shape of X; returns the number of heads.
  int64_t set_sizes(RopeHeadsArgs& args, const Tensor& x) const {
    const Shape& shape = x.shape;
    if (x.rank() == 4) {
      const int64_t heads = shape[heads_first ? 1 : 2];
      check(num_heads == 0 || num_heads == heads, "attribute num_heads = ", num_heads, " contradicts input X of shape ", to_string(shape),
            " with ", heads, " heads: leave num_heads out, or correct it or layout");
      args.batches = shape[0];
      args.tokens = shape[heads_first ? 2 : 1];
      args.head_dim = shape[3];
      return heads;
    }
    check(x.rank() == 2 || x.rank() == 3, "input X must be [B, S, N, HD] or [B, N, S, HD] (attribute layout), or [B, S, N*HD] or [S, N*HD] "
          "with num_heads, got shape ", to_string(shape));
    check(!heads_first, "layout BNSH needs a 4-D input X [B, N, S, HD], got shape ", to_string(shape));
    check(num_heads > 0 && x.last() % num_heads == 0, "input X of shape ", to_string(shape), " has merged heads: attribute num_heads must be "
          "positive and divide the last axis, got ", num_heads);
    args.batches = x.rank() == 3 ? shape[0] : 1;
    args.tokens = shape[x.rank() - 2];
    args.head_dim = x.last() / num_heads;
    return num_heads;
  }

  RopeAttributes rope;
  bool heads_first;
  int64_t num_heads;
  OutputLayout output;
};

/// The widths of the three parts of a merged row [Q | K | V].
struct QkvWidths {
  static std::vector<Attribute> attributes() { return {required_int("q_dim"), required_int("k_dim"), required_int("v_dim")}; }
  explicit QkvWidths(const NodeInfo& node)
      : width{positive_attribute(node, "q_dim"), positive_attribute(node, "k_dim"), positive_attribute(node, "v_dim")} {}

  /// The shape of input qkv with another last axis.
  static Shape with_last(Shape shape, int64_t last) {
    shape.back() = last;
    return shape;
  }
  static void infer_part(ShapeInference& shapes, size_t output, const char* attribute) {
    if (!shapes.input(0) || shapes.input(0)->empty()) return;
    Dims dims = *shapes.input(0);
    dims.back() = ShapeInference::of(shapes.int_attribute(attribute));
    shapes.output(output, dims);
  }

  /// Sizes and sources of the three blocks, heads of `head_dim` columns; where they go is the op's business.
  RopeHeadsArgs args(const Context& context, const Tensor& qkv, int64_t head_dim) const {
    check_rank_at_least(qkv, 1);
    const int64_t total = width[0] + width[1] + width[2];
    check(qkv.last() == total, "the last axis of input qkv must be q_dim + k_dim + v_dim = ", total, ", got shape ", to_string(qkv.shape));
    RopeHeadsArgs args;
    args.dtype = context.type();
    args.head_dim = head_dim;
    args.tokens = qkv.rank() == 1 ? 1 : qkv.shape[qkv.shape.size() - 2];
    args.batches = args.tokens == 0 ? 0 : qkv.rows() / args.tokens;
    args.block_count = 3;
    const char* from = qkv.as<const char>();
    for (int k = 0; k < 3; ++k) {
      args.blocks[k].from = from;
      args.blocks[k].from_at = {args.tokens * total, total, head_dim};
      args.blocks[k].width = width[k];
      from += width[k] * size_of(context.type());
    }
    return args;
  }

  /// Block k goes to a contiguous output of its own.
  void send(RopeHeadsArgs& args, int k, const Tensor& output) const {
    args.blocks[k].to = output.data;
    args.blocks[k].to_at = {args.tokens * width[k], width[k], args.head_dim};
  }

  int64_t width[3];
};

struct QkvSplit {
  static constexpr const char* name = "QkvSplit";
  static Schema schema() { return {{{"qkv", kT}}, {{"Q", kT}, {"K", kT}, {"V", kT}}, QkvWidths::attributes()}; }
  static void infer(ShapeInference& shapes) {
    QkvWidths::infer_part(shapes, 0, "q_dim");
    QkvWidths::infer_part(shapes, 1, "k_dim");
    QkvWidths::infer_part(shapes, 2, "v_dim");
  }
  explicit QkvSplit(const NodeInfo& node) : widths(node) {}
  void compute(const Context& context) const {
    constexpr int64_t kPiece = 256;  // nothing is rotated, so a "head" is just the piece that a few threads copy
    const Tensor qkv = context.input(0);
    RopeHeadsArgs args = widths.args(context, qkv, kPiece);
    for (int k = 0; k < 3; ++k) widths.send(args, k, context.output(k, QkvWidths::with_last(qkv.shape, widths.width[k])));
    context.run(args, FLASHRT_BACKENDS(rope_heads));
  }
  QkvWidths widths;
};

/// QkvSplitRope, and QkvSplitRopeKvCache, which writes keys and values into caches.
///
/// qkv is [.., S, q_dim + k_dim + v_dim]; the axes in front of S make up the batch B. A cache ends in axes that hold one row of k_dim
/// (v_dim) elements, e.g. [total, k_dim] or [.., total, heads, head_dim]. With B = 1 all of its rows count through, so that position
/// may point into any layer of [layers, total, k_dim]; with B > 1 it is [B, total, k_dim]. Token s of a batch goes to row position + s
/// of that batch. The outputs are the whole caches: the same buffers when ONNX Runtime or the caller aliases them, copies otherwise.
/// position is in the memory of the provider and is read there. Rows outside the cache: an error on the CPU, not written on CUDA.
template <bool kCache>
struct QkvSplitRopeOp {
  static constexpr const char* name = kCache ? "QkvSplitRopeKvCache" : "QkvSplitRope";
  static constexpr size_t kNorms = kCache ? 6 : 3;  // index of q_norm; k_norm follows
  static Schema schema() {
    Schema s{{{"qkv", kT}, {"cos", kT}, {"sin", kT}}, {{"Q", kT}, {"K", kT}, {"V", kT}}, QkvWidths::attributes()};
    if (kCache) {
      s.inputs.insert(s.inputs.end(), {{"k_cache", kT}, {"v_cache", kT}, {"position", kInt64}});
      s.outputs = {{"Q", kT}, {"k_cache_out", kT, {3}}, {"v_cache_out", kT, {4}}};
    }
    s.inputs.insert(s.inputs.end(), {{"q_norm", kT, true}, {"k_norm", kT, true}});
    s.attributes.push_back(required_int("head_dim"));
    for (const auto& attribute : rope_attributes()) s.attributes.push_back(attribute);
    s.attributes.push_back({"epsilon", 1e-6f});
    return s;
  }
  static void infer(ShapeInference& shapes) {
    QkvWidths::infer_part(shapes, 0, "q_dim");
    if (kCache) {
      shapes.same(1, 3);
      shapes.same(2, 4);
    } else {
      QkvWidths::infer_part(shapes, 1, "k_dim");
      QkvWidths::infer_part(shapes, 2, "v_dim");
    }
  }
  explicit QkvSplitRopeOp(const NodeInfo& node)
      : widths(node), rope(node), head_dim(node.int_attribute("head_dim")), epsilon(node.float_attribute("epsilon")) {
    check(head_dim > 0 && widths.width[0] % head_dim == 0 && widths.width[1] % head_dim == 0, "attribute head_dim must be positive and divide "
          "q_dim = ", widths.width[0], " and k_dim = ", widths.width[1], ", got ", head_dim);
    check(epsilon >= 0 && epsilon < 1, "attribute epsilon must be a small number >= 0, got ", epsilon);
  }

  void compute(const Context& context) const {
    const Tensor qkv = context.input(0);
    RopeHeadsArgs args = widths.args(context, qkv, head_dim);
    args.epsilon = epsilon;
    if (args.batches > 0) rope.apply(args, context.input(1), context.input(2));
    for (int k = 0; k < 2; ++k) {
      const Tensor norm = context.input(kNorms + k);
      check_vector(norm, head_dim);
      args.blocks[k].rotated = true;
      args.blocks[k].norm = norm.data;
    }
    widths.send(args, 0, context.output(0, QkvWidths::with_last(qkv.shape, widths.width[0])));
    for (int k = 1; k < 3; ++k) {
      if constexpr (kCache) send_to_cache(context, args, k);
      else widths.send(args, k, context.output(k, QkvWidths::with_last(qkv.shape, widths.width[k])));
    }
    context.run(args, FLASHRT_BACKENDS(rope_heads));
  }

  /// Block k goes into the cache in input 2 + k; the output is the whole cache, so where it is another buffer the rest is copied.
  void send_to_cache(const Context& context, RopeHeadsArgs& args, int k) const {
    const Tensor cache = context.input(2 + k), position = context.input(5);
    check(position.count() == 1, "input position must hold exactly one int64, the cache row of the first token, got shape ",
          to_string(position.shape));
    const int64_t row = widths.width[k], rows = row_count(cache, row);
    check(args.batches <= 1 || (cache.rank() >= 3 && cache.shape[0] == args.batches), "input ", cache.name, " must be [B, total, ", row,
          "] with B = ", args.batches, " like input qkv, got shape ", to_string(cache.shape));
    const Tensor out = context.output(k, cache.shape);
    if (out.data != cache.data)
      context.run(CopyArgs{cache.data, out.data, cache.count() * size_of(args.dtype)}, FLASHRT_BACKENDS(copy));
    const int64_t per_batch = rows / std::max<int64_t>(1, args.batches);
    if (args.batches > 0) check(per_batch >= args.tokens, "input ", cache.name, " of shape ", to_string(cache.shape), " has ", per_batch,
                                " rows, fewer than the ", args.tokens, " tokens of input qkv");
    args.first_row = position.as<const int64_t>();
    args.blocks[k].to = out.data;
    args.blocks[k].to_at = {per_batch * row, row, head_dim};
    args.blocks[k].cache_rows = per_batch;
  }

  /// Rows of the cache in all: its last axes, one or more of them, hold a row.
  static int64_t row_count(const Tensor& cache, int64_t row) {
    size_t axis = cache.shape.size();
    int64_t product = 1;
    while (axis > 0 && product < row) product *= cache.shape[--axis];
    check(product == row && axis > 0, "input ", cache.name, " must be [.., total, ", row, "] (its last axes may be heads and head_dim), got shape ",
          to_string(cache.shape));
    return cache.count() / row;
  }

  QkvWidths widths;
  RopeAttributes rope;
  int64_t head_dim;
  float epsilon;
};

/// New tokens on their way into a cache, from a row that the device knows: the write of QkvSplitRopeKvCache alone, for heads that were
/// normalised and rotated before. The cache is [B, total, N, D], or [B, N, total, D] with layout BNSH; X has its axes, or merged heads.
/// The output is the whole cache: the same buffer when ONNX Runtime or the caller aliases it, a copy otherwise.
struct KvCacheWrite {
  static constexpr const char* name = "KvCacheWrite";
  static Schema schema() {
    return {{{"cache", kT}, {"X", kT}, {"position", kInt64}}, {{"cache_out", kT, {0}}}, {{"layout", std::string("BSNH"), {"BSNH", "BNSH"}}}};
  }
  static void infer(ShapeInference& shapes) { shapes.same(0, 0); }
  explicit KvCacheWrite(const NodeInfo& node) : heads_first(node.string_attribute("layout") == "BNSH") {}

  void compute(const Context& context) const {
    const Tensor cache = context.input(0), x = context.input(1), position = context.input(2);
    check(cache.rank() == 4, "input cache must be [B, total, N, D], or [B, N, total, D] with layout BNSH, got shape ", to_string(cache.shape));
    check(position.count() == 1, "input position must hold exactly one int64, the cache row of the first token, got shape ",
          to_string(position.shape));
    const int64_t rows = cache.shape[heads_first ? 2 : 1], heads = cache.shape[heads_first ? 1 : 2], dim = cache.shape[3];
    const bool merged = x.rank() == 3, planes = !merged && heads_first;
    const Shape expected_merged{cache.shape[0], merged ? x.shape[1] : 0, heads * dim};
    const int64_t tokens = x.rank() == 4 ? x.shape[heads_first ? 2 : 1] : merged ? x.shape[1] : 0;
    Shape expected = cache.shape;
    expected[heads_first ? 2 : 1] = tokens;
    check(x.shape == (merged ? expected_merged : expected), "input X must be input cache ", to_string(cache.shape),
          " with its own number of tokens, or [B, S, ", heads * dim, "], got shape ", to_string(x.shape));
    check(tokens <= rows, "input X has ", tokens, " tokens, more than the ", rows, " rows of input cache");

    const Tensor out = context.output(0, cache.shape);
    if (out.data != cache.data)
      context.run(CopyArgs{cache.data, out.data, cache.count() * size_of(context.type())}, FLASHRT_BACKENDS(copy));
    if (x.count() == 0) return;
    RopeHeadsArgs args;
    args.dtype = context.type();
    args.batches = cache.shape[0];
    args.tokens = tokens;
    args.head_dim = dim;
    args.block_count = 1;
    args.first_row = position.as<const int64_t>();
    HeadBlock& block = args.blocks[0];
    block.from = x.data;
    block.to = out.data;
    block.from_at = planes ? HeadStrides{tokens * heads * dim, dim, tokens * dim} : HeadStrides{tokens * heads * dim, heads * dim, dim};
    block.to_at = heads_first ? HeadStrides{rows * heads * dim, dim, rows * dim} : HeadStrides{rows * heads * dim, heads * dim, dim};
    block.width = heads * dim;
    block.cache_rows = rows;
    context.run(args, FLASHRT_BACKENDS(rope_heads));
  }

  bool heads_first;
};

/// Sines and cosines of a timestep times each frequency.
struct TimestepEmbedding {
  static constexpr const char* name = "TimestepEmbedding";
  static Schema schema() {
    Schema s{{{"timesteps", kFloat32}, {"frequencies", kFloat32}},
             {{"Y", kT}},
             {output_dtype_attribute(), {"order", std::string("sin_cos"), {"sin_cos", "cos_sin"}}, {"scale", 1.0f}}};
    s.type_from_output_dtype = true;
    return s;
  }
  static void infer(ShapeInference& shapes) {
    const auto &t = shapes.input(0), &f = shapes.input(1);
    if (!t || !f || t->empty() || f->size() != 1) return;
    Dims dims = *t;
    if (dims.size() > 1) dims.pop_back();
    dims.push_back(f->back().known() ? ShapeInference::of(2 * f->back().value) : ShapeInference::unknown());
    shapes.output(0, dims);
  }
  explicit TimestepEmbedding(const NodeInfo& node)
      : cosine_first(node.string_attribute("order") == "cos_sin"), scale(finite_attribute(node, "scale")) {}

  void compute(const Context& context) const {
    const Tensor t = context.input(0), f = context.input(1);
    check(t.rank() == 1 || (t.rank() > 1 && t.last() == 1), "input timesteps must be [B] or [.., 1], got shape ", to_string(t.shape));
    check(f.rank() == 1, "input frequencies must be [H], half as many as the embedding has columns, got shape ", to_string(f.shape));
    Shape shape = t.shape;
    if (t.rank() > 1) shape.pop_back();
    shape.push_back(2 * f.count());
    const TimestepEmbeddingArgs args{context.type(), t.as<const float>(), f.as<const float>(), context.output(0, shape).data,
                                     t.count(),      f.count(),           scale,               cosine_first};
    context.run(args, FLASHRT_BACKENDS(timestep_embedding));
  }

  bool cosine_first;
  float scale;
};

using QkvSplitRope = QkvSplitRopeOp<false>;
using QkvSplitRopeKvCache = QkvSplitRopeOp<true>;

}  // namespace flashrt::ort
