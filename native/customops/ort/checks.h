// Shape and attribute checks that several op families share. Each message says what was expected, what came and what to do.
#pragma once

#include <cmath>
#include <limits>

#include "ort/op.h"

namespace flashrt::ort {

constexpr int64_t kMostSize = std::numeric_limits<int32_t>::max();

inline void check_rank_at_least(const Tensor& t, int64_t rank) {
  check(t.rank() >= rank, "input ", t.name, " needs at least ", rank, " axes, got shape ", to_string(t.shape));
}

/// A vector of `cols` elements: [C], or [1, .., C], which exporters write as well. Absent operands pass.
inline void check_vector(const Tensor& t, int64_t cols) {
  if (!t) return;
  check(t.count() == cols && t.last() == cols, "input ", t.name, " must hold one value for each of the ", cols,
        " channels (shape [", cols, "]), got shape ", to_string(t.shape));
}

inline void check_same_shape(const Tensor& t, const Tensor& like) {
  check(t.shape == like.shape, "input ", t.name, " must have the shape of input ", like.name, ", ", to_string(like.shape), ", got ",
        to_string(t.shape));
}

/// The one-element float32 scale of a quantising op. Absent operands pass.
inline void check_scale(const Tensor& t) {
  if (!t) return;
  check(t.count() == 1, "input ", t.name, " must hold exactly one float32 (a per-tensor scale), got shape ", to_string(t.shape));
}

/// How many vectors a broadcast operand of shape [.., width] has for the rows of `x`: its leading axes must equal those of x up to
/// some axis and be 1 (or missing) from there on, e.g. [B, 1, C] or [B, S, C] or [C] for x [B, S, C].
inline int64_t check_row_vectors(const Tensor& t, const Tensor& x, int64_t width) {
  check(t.last() == width, "input ", t.name, " must have ", width, " channels on its last axis (input ", x.name, " has shape ",
        to_string(x.shape), "), got shape ", to_string(t.shape));
  const int64_t vectors = t.rows();
  bool fits = vectors == 1;
  if (!fits && t.rank() == x.rank()) {
    size_t axis = 0;
    while (axis + 1 < t.shape.size() && t.shape[axis] == x.shape[axis]) ++axis;
    while (axis + 1 < t.shape.size() && t.shape[axis] == 1) ++axis;
    fits = axis + 1 == t.shape.size();
  } else if (!fits && t.rank() == 2) {
    fits = vectors == x.rows();  // already flattened to rows
    if (!fits && x.rank() >= 2) fits = vectors == x.shape[0];  // [B, C] for x [B, .., C]
  }
  check(fits, "input ", t.name, " of shape ", to_string(t.shape), " does not spread over the rows of input ", x.name, " ",
        to_string(x.shape), ": its leading axes must match and then be 1, e.g. [B, 1, C] or [B, S, C] or [C]");
  return vectors;
}

/// A size that other sizes are multiplied with: bounded, so that no product of it and a tensor's size overflows.
inline int64_t positive_attribute(const NodeInfo& node, const char* name) {
  const int64_t value = node.int_attribute(name);
  check(value > 0 && value <= kMostSize, "attribute ", name, " must be positive and at most ", kMostSize, ", got ", value);
  return value;
}

inline int64_t natural_attribute(const NodeInfo& node, const char* name) {
  const int64_t value = node.int_attribute(name);
  check(value >= 0, "attribute ", name, " must not be negative, got ", value);
  return value;
}

inline float finite_attribute(const NodeInfo& node, const char* name) {
  const float value = node.float_attribute(name);
  check(std::isfinite(value), "attribute ", name, " must be a finite number, got ", value);
  return value;
}

inline Attribute required_int(const char* name) { return {name, int64_t{0}, {}, true}; }

}  // namespace flashrt::ort
