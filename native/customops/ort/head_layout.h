// Where the heads of a result go, for ops that give them in another order than they take them: a transpose less in the graph.
#pragma once

#include <string>

#include "ort/op.h"

namespace flashrt::ort {

/// Attribute output_layout: the axes of a result of `heads` heads, which have the axes of the op's first input unless it says otherwise.
struct OutputLayout {
  static Attribute attribute() { return {"output_layout", std::string("same"), {"same", "BSNH", "BNSH", "merged", "rows"}}; }

  explicit OutputLayout(const std::string& text) : same(text == "same"), heads_first(text == "BNSH"), merged(text == "merged"), rows(text == "rows") {}

  /// The shape of the result for a first input of shape `like`; `dim` is the size of a head. D is int64_t or Dim.
  template <typename D>
  std::vector<D> shape(const std::vector<D>& like, bool like_heads_first, D batch, D tokens, D heads, D dim, D merged_dim) const {
    if (rows) return {product(batch, tokens), merged_dim};
    if (like.size() < 4 && (same || merged)) {
      std::vector<D> result = like;
      result.back() = merged_dim;
      return result;
    }
    if (merged) return {batch, tokens, merged_dim};
    return is_heads_first(like_heads_first) ? std::vector<D>{batch, heads, tokens, dim} : std::vector<D>{batch, tokens, heads, dim};
  }

  /// Whether a result of four axes has the heads before the tokens.
  bool is_heads_first(bool like_heads_first) const { return same ? like_heads_first : heads_first; }

  bool same, heads_first, merged, rows;

 private:
  static int64_t product(int64_t a, int64_t b) { return a * b; }
  static Dim product(const Dim& a, const Dim& b) {
    if (a.value == 1) return b;
    return a.known() && b.known() ? ShapeInference::of(a.value * b.value) : ShapeInference::unknown();
  }
};

}  // namespace flashrt::ort
