#include <vector>

#include "kernels/rope/rope_heads.h"

namespace flashrt {
namespace {

/// The work of one head: read and normalise into `x`, rotate there, write.
template <typename T>
void move_head(const RopeHeadsArgs& a, const HeadBlock& block, int64_t batch, int64_t token, int64_t head, std::vector<float>& x) {
  const int64_t columns = std::min(a.head_dim, block.width - head * a.head_dim), row = block.cache_rows > 0 ? *a.first_row + token : token;
  const T* from = static_cast<const T*>(block.from) + batch * block.from_at.batch + token * block.from_at.token + head * block.from_at.head;
  T* to = static_cast<T*>(block.to) + batch * block.to_at.batch + row * block.to_at.token + head * block.to_at.head;

  if (block.norm != nullptr || block.rotated) {
    double squares = 0;
    for (int64_t d = 0; d < columns; ++d) {
      x[d] = to_float(from[d]);
      squares += static_cast<double>(x[d]) * x[d];
    }
    if (block.norm != nullptr) {
      const float factor = static_cast<float>(1.0 / std::sqrt(squares / static_cast<double>(columns) + a.epsilon));
      for (int64_t d = 0; d < columns; ++d) x[d] = x[d] * factor * to_float(static_cast<const T*>(block.norm)[d]);
    }
  }
  const int64_t rotated = block.rotated ? a.rotary_dim : 0, half = rotated / 2;
  const int64_t entry = ((a.table.batches == 1 ? 0 : batch) * a.tokens + token) * a.table.width;
  const int64_t step = a.style == RopeStyle::interleaved && a.table.width == a.rotary_dim ? 2 : 1;
  for (int64_t i = 0; i < half; ++i) {
    const float cosine = to_float(static_cast<const T*>(a.table.cos)[entry + i * step]);
    const float sine = to_float(static_cast<const T*>(a.table.sin)[entry + i * step]);
    const int64_t first = a.style == RopeStyle::rotate_half ? i : 2 * i, second = a.style == RopeStyle::rotate_half ? i + half : 2 * i + 1;
    to[first] = from_float<T>(x[first] * cosine - x[second] * sine);
    to[second] = from_float<T>(x[second] * cosine + x[first] * sine);
  }
  for (int64_t d = rotated; d < columns; ++d) to[d] = block.norm != nullptr ? from_float<T>(x[d]) : from[d];
}

}  // namespace

void rope_heads_cpu(const RopeHeadsArgs& a, const Parallel& parallel) {
  if (a.batches == 0 || a.tokens == 0 || a.head_dim == 0) return;
  int64_t width = 0;
  for (int k = 0; k < a.block_count; ++k) {
    const HeadBlock& block = a.blocks[k];
    width += block.width;
    if (block.cache_rows > 0)
      check(*a.first_row >= 0 && *a.first_row <= block.cache_rows - a.tokens, "the cache holds rows 0 to ", block.cache_rows - 1, ", but ",
            a.tokens, " tokens from row ", *a.first_row, " on would leave it: grow the cache or correct the position");
  }
  dispatch_float(a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    parallel(a.batches * a.tokens, 1 + 4096 / std::max<int64_t>(1, width), [&](int64_t begin, int64_t end) {
      std::vector<float> x(static_cast<size_t>(a.head_dim));
      for (int64_t item = begin; item < end; ++item)
        for (int k = 0; k < a.block_count; ++k)
          for (int64_t head = 0; head * a.head_dim < a.blocks[k].width; ++head)
            move_head<T>(a, a.blocks[k], item / a.tokens, item % a.tokens, head, x);
    });
  });
}

}  // namespace flashrt
