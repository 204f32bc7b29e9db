// Scaled dot-product attention: one op behind every attention of the catalog.
#pragma once

#include "kernels/core/dtype.h"
#include "kernels/core/parallel.h"

#if defined(FLASHRT_WITH_CUDA)
#include <cuda_runtime_api.h>
#endif

namespace flashrt {

/// Distances in elements between batch entries, rows (tokens) and heads. The channels of a head are contiguous.
struct AttentionStrides {
  int64_t batch = 0, row = 0, head = 0;
};

/// Distances in elements of an operand that spreads over [batch, heads, queries, keys]; 0 where it is broadcast.
struct ScoreStrides {
  int64_t batch = 0, head = 0, query = 0, key = 0;
};

/// For query i of head h, with KV head g = h / (heads / kv_heads):
///
///   x_j = cap(scale * q_i . k_j) + bias_ij           cap(x) = softcap * tanh(x / softcap), without softcap cap(x) = x
///   o_i = sum_j e^x_j v_j / (sum_j e^x_j + e^sink_h)
///   lse_i = ln(sum_j e^x_j + e^sink_h)
///
/// over the keys j that query i may see (visible_keys, mask_ij true, bias_ij above -inf). A row that sees no key gives empty_row.
///
/// Seeds: catalog rows T01..T06, T09, T10. The output must not overlap an input.
struct AttentionArgs {
  DType dtype = DType::none;  // T: q, k, v, bias, sink, o
  int64_t batch = 0, heads = 0, kv_heads = 0;
  int64_t queries = 0, keys = 0;
  int64_t head_dim = 0, value_dim = 0;

  const void *q = nullptr, *k = nullptr, *v = nullptr;
  AttentionStrides q_strides, k_strides, v_strides;
  const void* bias = nullptr;     // T
  ScoreStrides bias_strides;
  const uint8_t* mask = nullptr;  // bool: true is visible
  ScoreStrides mask_strides;

  const int64_t* kv_length = nullptr;  // device memory; null: every key is valid
  int64_t kv_length_stride = 0;        // 0: one length for all batch entries, 1: one for each
  const int64_t* first_row_length = nullptr;
  const void* sink = nullptr;          // T[heads]

  float scale = 1;     // above 0
  float softcap = 0;   // 0: none
  bool causal = false;
  float empty_row = 0;  // 0, or NaN as softmax defines it
  int64_t window = -1;  // keys to the left of a query's own position that it sees; negative: all

  void* o = nullptr;
  AttentionStrides o_strides;
  float* lse = nullptr;     // [batch, heads, queries], or null
  void* scratch = nullptr;  // attention_scratch_bytes() of device memory; the CPU needs none
};

struct KeyRange {
  int64_t begin, end;
};

/// Keys of a batch entry that hold data.
FLASHRT_HD int64_t valid_keys(const AttentionArgs& a, int64_t batch) {
  if (a.kv_length == nullptr) return a.keys;
  const int64_t length = a.kv_length[batch * a.kv_length_stride];
  return length < 0 ? 0 : length > a.keys ? a.keys : length;
}

/// The keys that a query may see by its position, among `length` valid ones. Both ends grow with the query, except that the end of
/// query 0 may be lowered by first_row_length. The end may lie before the begin: no key.
FLASHRT_HD KeyRange visible_keys(const AttentionArgs& a, int64_t length, int64_t query) {
  const int64_t position = query + length - a.queries;  // the last query belongs to the last valid key
  KeyRange range{0, length};
  if (a.causal && position + 1 < length) range.end = position + 1;
  if (a.window >= 0 && position - a.window > 0) range.begin = position - a.window;
  if (query == 0 && a.first_row_length != nullptr && *a.first_row_length < range.end) range.end = *a.first_row_length;
  if (range.end < 0) range.end = 0;
  return range;
}

void attention_cpu(const AttentionArgs& args, const Parallel& parallel);
#if defined(FLASHRT_WITH_CUDA)
/// Bytes of scratch memory that attention_cuda needs for these shapes on the current device, possibly 0.
int64_t attention_scratch_bytes(const AttentionArgs& args);
void attention_cuda(const AttentionArgs& args, cudaStream_t stream);
#endif

}  // namespace flashrt
