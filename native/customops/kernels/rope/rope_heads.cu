#include "kernels/core/divisor.h"
#include "kernels/core/elementwise.cuh"
#include "kernels/core/reduce.cuh"
#include "kernels/rope/rope_heads.h"

namespace flashrt {
namespace {

constexpr int kThreads = 256;

/// Groups that share the heads of block k of one token, `heads` for each.
FLASHRT_HD int64_t spans_of(const RopeHeadsArgs& a, int k, int64_t heads) {
  const int64_t columns = heads * a.head_dim;
  return (a.blocks[k].width + columns - 1) / columns;
}

/// Pairs u * N .. u * N + N - 1 of a head: N elements from `low` on and N from `high` on.
template <int N, bool kInterleaved>
struct Pairs {
  int low, high;
  __device__ __forceinline__ Pairs(int u, int half) : low(kInterleaved ? 2 * u * N : u * N), high(kInterleaved ? low + N : low + half) {}

  /// The pairs as they are in memory.
  template <typename T>
  struct Stored {
    Vec<T, N> a, b;
    /// The first element of each pair, then the second.
    __device__ __forceinline__ void widen(float (&first)[N], float (&second)[N]) const {
#pragma unroll
      for (int i = 0; i < N; ++i) {
        first[i] = to_float(!kInterleaved ? a.at[i] : 2 * i < N ? a.at[2 * i % N] : b.at[2 * i % N]);
        second[i] = to_float(!kInterleaved ? b.at[i] : 2 * i + 1 < N ? a.at[(2 * i + 1) % N] : b.at[(2 * i + 1) % N]);
      }
    }
  };

  template <typename T>
  __device__ __forceinline__ Stored<T> load(const T* x) const {
    return {load_vec<T, N>(x + low), load_vec<T, N>(x + high)};
  }

  template <typename T>
  __device__ __forceinline__ void store(T* x, const float (&first)[N], const float (&second)[N]) const {
    if constexpr (!kInterleaved) {
      store_floats<T, N>(x + low, first);
      store_floats<T, N>(x + high, second);
    } else {
      float a[N], b[N];
#pragma unroll
      for (int i = 0; i < N; ++i) {
        const int k = N + i;  // b[i] is number k of the 2N neighbours
        a[i] = i % 2 == 0 ? first[i / 2] : second[i / 2];
        b[i] = k % 2 == 0 ? first[k / 2] : second[k / 2];
      }
      store_floats<T, N>(x + low, a);
      store_floats<T, N>(x + high, b);
    }
  }
};

/// The cosines or sines of pairs u * N .. u * N + N - 1. In a doubled table of the interleaved style each stands twice in a row.
template <typename T, int N, bool kInterleaved>
__device__ __forceinline__ void load_entries(const T* table, int u, bool doubled, float (&entries)[N]) {
  float copies[N];
  if (kInterleaved && doubled) Pairs<N, true>(u, 0).load(table).widen(entries, copies);
  else load_floats<T, N>(table + u * N, entries);
}

/// Heads of a token that a group rotates with the cosines and sines it has loaded. All are on their way at once.
constexpr int kSpan = 4;

/// kGroup threads own kHeads neighbouring heads of a block. Each of them reads all it needs of an element's pair before it writes the
/// pair, and a norm (then kHeads is 1) reads the whole head before anything is written, so a head may be updated in place.
template <typename T, int N, int kGroup, bool kInterleaved, int kHeads>
__global__ void __launch_bounds__(kThreads, kHeads > 1 ? 2 : 3)
    rope_heads_kernel(const __grid_constant__ RopeHeadsArgs a, Divisor items_of_token, Divisor tokens, bool any_norm) {
  const int64_t item = static_cast<int64_t>(blockIdx.x) * (kThreads / kGroup) + threadIdx.x / kGroup;
  const int lane = threadIdx.x % kGroup;
  bool live = item < a.batches * a.tokens * items_of_token.value;  // a group past the end still takes part in the shuffles
  const int64_t row = items_of_token.quotient(item), batch = tokens.quotient(row), token = row - batch * tokens.value;
  int64_t span = item - row * items_of_token.value;
  int k = 0;
  for (int64_t count; k + 1 < a.block_count && span >= (count = spans_of(a, k, kHeads)); ++k) span -= count;
  const HeadBlock& block = a.blocks[k];
  const int64_t head = span * kHeads;

  int64_t target = token;
  if (block.cache_rows > 0) {
    const int64_t first = *a.first_row;
    live = live && first >= 0 && first < block.cache_rows - token;
    target = first + token;
  }
  // A block that is only copied may end within a head.
  const int64_t left = block.width - head * a.head_dim, most = kHeads * a.head_dim;
  const int columns = static_cast<int>(!live ? 0 : left < most ? left : most), head_dim = static_cast<int>(a.head_dim);
  const T* from = static_cast<const T*>(block.from) + batch * block.from_at.batch + token * block.from_at.token + head * block.from_at.head;
  T* to = static_cast<T*>(block.to) + batch * block.to_at.batch + target * block.to_at.token + head * block.to_at.head;
  const T* norm = static_cast<const T*>(block.norm);

  float factor = 1;
  if (kHeads == 1 && any_norm) {
    float squares = 0, x[N];
#pragma unroll 1
    for (int d = lane * N; norm != nullptr && d < columns; d += kGroup * N) {
      load_floats<T, N>(from + d, x);
#pragma unroll
      for (int i = 0; i < N; ++i) squares += x[i] * x[i];
    }
    squares = warp_reduce<Sum, kGroup>(squares);
    factor = rsqrtf(squares / static_cast<float>(a.head_dim) + a.epsilon);
  }
  if (!live) return;

  const bool doubled = a.table.width == a.rotary_dim;
  const int rotated = block.rotated ? static_cast<int>(a.rotary_dim) : 0, half = rotated / 2;
  const int64_t entry = ((a.table.batches == 1 ? 0 : batch * a.tokens) + token) * a.table.width;
#pragma unroll 1
  for (int u = lane; u * N < half; u += kGroup) {
    const Pairs<N, kInterleaved> pairs(u, half);
    typename Pairs<N, kInterleaved>::template Stored<T> stored[kHeads];
#pragma unroll
    for (int h = 0; h < kHeads; ++h)
      if (h * head_dim < columns) stored[h] = pairs.load(from + h * block.from_at.head);
    float cosine[N], sine[N];
    load_entries<T, N, kInterleaved>(static_cast<const T*>(a.table.cos) + entry, u, doubled, cosine);
    load_entries<T, N, kInterleaved>(static_cast<const T*>(a.table.sin) + entry, u, doubled, sine);
#pragma unroll
    for (int h = 0; h < kHeads; ++h) {
      if (h * head_dim >= columns) continue;
      float first[N], second[N];
      stored[h].widen(first, second);
      if (kHeads == 1 && norm != nullptr) {
        float weight[N], other[N];
        pairs.load(norm).widen(weight, other);
#pragma unroll
        for (int i = 0; i < N; ++i) {
          first[i] = first[i] * factor * weight[i];
          second[i] = second[i] * factor * other[i];
        }
      }
#pragma unroll
      for (int i = 0; i < N; ++i) {
        const float x = first[i];
        first[i] = x * cosine[i] - second[i] * sine[i];
        second[i] = second[i] * cosine[i] + x * sine[i];
      }
      pairs.store(to + h * block.to_at.head, first, second);
    }
  }
#pragma unroll 1
  for (int h = 0; h * head_dim < columns; ++h) {
    const int end = columns - h * head_dim < head_dim ? columns - h * head_dim : head_dim;
    const T* const source = from + h * block.from_at.head;
    T* const destination = to + h * block.to_at.head;
#pragma unroll 1
    for (int d = rotated + lane * N; d < end; d += kGroup * N) {
      if (norm == nullptr) {
        store_vec<T, N>(destination + d, load_vec<T, N>(source + d));
        continue;
      }
      float x[N], weight[N];
      load_floats<T, N>(source + d, x);
      load_floats<T, N>(norm + d, weight);
#pragma unroll
      for (int i = 0; i < N; ++i) x[i] = x[i] * factor * weight[i];
      store_floats<T, N>(destination + d, x);
    }
  }
}

template <typename T>
bool vectorizes(const RopeHeadsArgs& a) {
  constexpr int n = kVecSize<T>;
  bool aligned = a.head_dim % n == 0 && a.rotary_dim % (2 * n) == 0;
  for (const void* table : {a.table.cos, a.table.sin}) aligned = aligned && is_aligned(table, a.table.width, sizeof(T), n);
  for (int k = 0; k < a.block_count; ++k) {
    const HeadBlock& block = a.blocks[k];
    aligned = aligned && block.width % n == 0 && is_aligned(block.norm, 0, sizeof(T), n);
    for (const HeadStrides& s : {block.from_at, block.to_at})
      aligned = aligned && s.batch % n == 0 && s.token % n == 0 && s.head % n == 0;
    for (const void* p : {block.from, const_cast<const void*>(block.to)}) aligned = aligned && is_aligned(p, 0, sizeof(T), n);
  }
  return aligned;
}

template <typename T, int N, int kGroup, int kHeads>
void launch_spans(const RopeHeadsArgs& a, bool any_norm, cudaStream_t stream) {
  int64_t items = 0;
  for (int k = 0; k < a.block_count; ++k) items += spans_of(a, k, kHeads);
  const int64_t blocks = ceil_div(a.batches * a.tokens * items, kThreads / kGroup);
  check(blocks <= 2147483647, "rotary embedding: too many heads for one launch: ", a.batches * a.tokens * items * kHeads);
  if (blocks == 0) return;
  const auto kernel = a.style == RopeStyle::interleaved ? rope_heads_kernel<T, N, kGroup, true, kHeads> : rope_heads_kernel<T, N, kGroup, false, kHeads>;
  launch("rope_heads", kernel, {dim3(static_cast<unsigned>(blocks)), dim3(kThreads)}, stream, a, Divisor(items), Divisor(a.tokens), any_norm);
}

/// A norm has a factor for each head; and few heads are best spread over all multiprocessors. Where there are many, the index arithmetic
/// and the table entries are what a group can share among several.
template <typename T, int N, int kGroup>
void launch_groups(const RopeHeadsArgs& a, cudaStream_t stream) {
  constexpr int64_t kManyThreads = 132 * 2048;
  int64_t heads = 0;
  bool any_norm = false;
  for (int k = 0; k < a.block_count; ++k) {
    heads += spans_of(a, k, 1);
    any_norm = any_norm || a.blocks[k].norm != nullptr;
  }
  if (N > 1 && !any_norm && a.batches * a.tokens * heads * kGroup >= kSpan * kManyThreads) launch_spans<T, N, kGroup, kSpan>(a, any_norm, stream);
  else launch_spans<T, N, kGroup, 1>(a, any_norm, stream);
}

}  // namespace

void rope_heads_cuda(const RopeHeadsArgs& a, cudaStream_t stream) {
  if (a.batches == 0 || a.tokens == 0 || a.head_dim == 0) return;
  dispatch_float(a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    constexpr int n = kVecSize<T>;
    if (!vectorizes<T>(a)) return launch_groups<T, 1, 32>(a, stream);
    const int64_t steps = (a.rotary_dim > 0 ? a.head_dim / 2 : a.head_dim) / n;  // a thread takes a vector of each half, or copies one
    if (steps <= 4) launch_groups<T, n, 4>(a, stream);
    else if (steps <= 8) launch_groups<T, n, 8>(a, stream);
    else if (steps <= 16) launch_groups<T, n, 16>(a, stream);
    else launch_groups<T, n, 32>(a, stream);
  });
}

}  // namespace flashrt
