#include <algorithm>
#include <limits>
#include <vector>

#include "kernels/attention/attention.h"

namespace flashrt {
namespace {

/// Queries that share the widened keys and values of a head.
constexpr int64_t kQueryBlock = 32;
constexpr double kHidden = -std::numeric_limits<double>::infinity();

/// Four partial sums, so that the loop vectorises without reordering a sum of one accumulator.
double dot(const float* a, const float* b, int64_t count) {
  double sums[4] = {};
  int64_t i = 0;
  for (; i + 4 <= count; i += 4)
    for (int lane = 0; lane < 4; ++lane) sums[lane] += static_cast<double>(a[i + lane]) * b[i + lane];
  for (; i < count; ++i) sums[0] += static_cast<double>(a[i]) * b[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

template <typename T>
void widen_rows(const void* data, const AttentionStrides& strides, int64_t batch, int64_t head, int64_t rows, int64_t columns, std::vector<float>& to) {
  const T* from = static_cast<const T*>(data) + batch * strides.batch + head * strides.head;
  to.resize(static_cast<size_t>(rows * columns));
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c) to[r * columns + c] = to_float(from[r * strides.row + c]);
}

/// The buffers of one worker.
struct Workspace {
  std::vector<float> keys, values, query;
  std::vector<double> scores, sums;
};

template <typename T>
double final_score(const AttentionArgs& a, double score, int64_t batch, int64_t head, int64_t query, int64_t key) {
  score *= a.scale;
  if (a.softcap > 0) score = a.softcap * std::tanh(score / a.softcap);
  if (a.bias != nullptr) {
    const ScoreStrides& s = a.bias_strides;
    score += to_float(static_cast<const T*>(a.bias)[batch * s.batch + head * s.head + query * s.query + key * s.key]);
  }
  if (a.mask != nullptr) {
    const ScoreStrides& s = a.mask_strides;
    if (a.mask[batch * s.batch + head * s.head + query * s.query + key * s.key] == 0) return kHidden;
  }
  return score;
}

template <typename T>
void attend(const AttentionArgs& a, int64_t batch, int64_t head, int64_t query, int64_t length, Workspace& w) {
  const KeyRange range = visible_keys(a, length, query);
  const T* q = static_cast<const T*>(a.q) + batch * a.q_strides.batch + query * a.q_strides.row + head * a.q_strides.head;
  for (int64_t d = 0; d < a.head_dim; ++d) w.query[d] = to_float(q[d]);

  const double sink = a.sink == nullptr ? kHidden : to_float(static_cast<const T*>(a.sink)[head]);
  double highest = sink;
  for (int64_t j = range.begin; j < range.end; ++j) {
    w.scores[j] = final_score<T>(a, dot(w.query.data(), w.keys.data() + j * a.head_dim, a.head_dim), batch, head, query, j);
    if (w.scores[j] > highest || w.scores[j] != w.scores[j]) highest = w.scores[j];  // a NaN score makes the whole row NaN
  }
  double total = sink == kHidden ? 0.0 : std::exp(sink - highest);
  std::fill(w.sums.begin(), w.sums.end(), 0.0);
  for (int64_t j = range.begin; j < range.end; ++j) {
    if (w.scores[j] == kHidden) continue;
    const double weight = std::exp(w.scores[j] - highest);
    const float* value = w.values.data() + j * a.value_dim;
    total += weight;
    for (int64_t d = 0; d < a.value_dim; ++d) w.sums[d] += weight * value[d];
  }

  T* o = static_cast<T*>(a.o) + batch * a.o_strides.batch + query * a.o_strides.row + head * a.o_strides.head;
  for (int64_t d = 0; d < a.value_dim; ++d) o[d] = from_float<T>(total == 0 ? a.empty_row : static_cast<float>(w.sums[d] / total));
  if (a.lse != nullptr) a.lse[(batch * a.heads + head) * a.queries + query] = static_cast<float>(total == 0 ? kHidden : highest + std::log(total));
}

}  // namespace

void attention_cpu(const AttentionArgs& a, const Parallel& parallel) {
  if (a.batch == 0 || a.heads == 0 || a.queries == 0) return;
  const int64_t blocks = (a.queries + kQueryBlock - 1) / kQueryBlock, group = a.heads / a.kv_heads;
  dispatch_float(a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    parallel(a.batch * a.heads * blocks, 1, [&](int64_t begin, int64_t end) {
      Workspace w;
      w.query.resize(static_cast<size_t>(a.head_dim));
      w.scores.resize(static_cast<size_t>(a.keys));
      w.sums.resize(static_cast<size_t>(a.value_dim));
      int64_t widened = -1;
      for (int64_t item = begin; item < end; ++item) {
        const int64_t first = item % blocks * kQueryBlock, head = item / blocks % a.heads, batch = item / blocks / a.heads;
        const int64_t length = valid_keys(a, batch), pair = batch * a.kv_heads + head / group;
        if (pair != widened) {
          widen_rows<T>(a.k, a.k_strides, batch, head / group, length, a.head_dim, w.keys);
          widen_rows<T>(a.v, a.v_strides, batch, head / group, length, a.value_dim, w.values);
          widened = pair;
        }
        for (int64_t query = first; query < std::min(first + kQueryBlock, a.queries); ++query) attend<T>(a, batch, head, query, length, w);
      }
    });
  });
}

}  // namespace flashrt
