#include "kernels/core/divisor.h"
#include "kernels/core/elementwise.cuh"
#include "kernels/core/reduce.cuh"
#include "kernels/rope/rope_heads.h"

namespace flashrt {
namespace {

constexpr int kThreads = 256;

/// Pairs u * N .. u * N + N - 1 of a head: N elements from `low` on and N from `high` on.
template <int N, bool kInterleaved>
struct Pairs {
  int low, high;
  __device__ __forceinline__ Pairs(int u, int half) : low(kInterleaved ? 2 * u * N : u * N), high(kInterleaved ? low + N : low + half) {}

  /// The first element of each pair, then the second.
  template <typename T>
  __device__ __forceinline__ void load(const T* x, float (&first)[N], float (&second)[N]) const {
    const Vec<T, N> a = load_vec<T, N>(x + low), b = load_vec<T, N>(x + high);
#pragma unroll
    for (int i = 0; i < N; ++i) {
      first[i] = to_float(!kInterleaved ? a.at[i] : 2 * i < N ? a.at[2 * i % N] : b.at[2 * i % N]);
      second[i] = to_float(!kInterleaved ? b.at[i] : 2 * i + 1 < N ? a.at[(2 * i + 1) % N] : b.at[(2 * i + 1) % N]);
    }
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
  if (kInterleaved && doubled) Pairs<N, true>(u, 0).load(table, entries, copies);
  else load_floats<T, N>(table + u * N, entries);
}

/// kGroup threads own a head. Each of them reads all it needs of an element's pair before it writes the pair, and a norm reads the
/// whole head before anything is written, so a head may be updated in place.
template <typename T, int N, int kGroup, bool kInterleaved>
__global__ void __launch_bounds__(kThreads, 3) rope_heads_kernel(const __grid_constant__ RopeHeadsArgs a, Divisor heads, Divisor tokens, bool any_norm) {
  const int64_t item = static_cast<int64_t>(blockIdx.x) * (kThreads / kGroup) + threadIdx.x / kGroup;
  const int lane = threadIdx.x % kGroup;
  bool live = item < a.batches * a.tokens * heads.value;  // a group past the end still takes part in the shuffles
  const int64_t row = heads.quotient(item), batch = tokens.quotient(row), token = row - batch * tokens.value;
  int64_t head = item - row * heads.value;
  int k = 0;
  for (int64_t count; k + 1 < a.block_count && head >= (count = (a.blocks[k].width + a.head_dim - 1) / a.head_dim); ++k) head -= count;
  const HeadBlock& block = a.blocks[k];

  int64_t target = token;
  if (block.cache_rows > 0) {
    const int64_t first = *a.first_row;
    live = live && first >= 0 && first < block.cache_rows - token;
    target = first + token;
  }
  const int64_t left = block.width - head * a.head_dim;
  const int columns = static_cast<int>(!live ? 0 : left < a.head_dim ? left : a.head_dim);
  const T* from = static_cast<const T*>(block.from) + batch * block.from_at.batch + token * block.from_at.token + head * block.from_at.head;
  T* to = static_cast<T*>(block.to) + batch * block.to_at.batch + target * block.to_at.token + head * block.to_at.head;
  const T* norm = static_cast<const T*>(block.norm);

  float factor = 1;
  if (any_norm) {
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
    float first[N], second[N], cosine[N], sine[N], other[N];
    const Pairs<N, kInterleaved> pairs(u, half);
    pairs.load(from, first, second);
    load_entries<T, N, kInterleaved>(static_cast<const T*>(a.table.cos) + entry, u, doubled, cosine);
    load_entries<T, N, kInterleaved>(static_cast<const T*>(a.table.sin) + entry, u, doubled, sine);
    if (norm != nullptr) {
      float weight[N];
      pairs.load(norm, weight, other);
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
    pairs.store(to, first, second);
  }
#pragma unroll 1
  for (int d = rotated + lane * N; d < columns; d += kGroup * N) {
    if (norm == nullptr) {
      store_vec<T, N>(to + d, load_vec<T, N>(from + d));
      continue;
    }
    float x[N], weight[N];
    load_floats<T, N>(from + d, x);
    load_floats<T, N>(norm + d, weight);
#pragma unroll
    for (int i = 0; i < N; ++i) x[i] = x[i] * factor * weight[i];
    store_floats<T, N>(to + d, x);
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

template <typename T, int N, int kGroup>
void launch_groups(const RopeHeadsArgs& a, cudaStream_t stream) {
  int64_t heads = 0;
  bool any_norm = false;
  for (int k = 0; k < a.block_count; ++k) {
    heads += ceil_div(a.blocks[k].width, a.head_dim);
    any_norm = any_norm || a.blocks[k].norm != nullptr;
  }
  const int64_t blocks = ceil_div(a.batches * a.tokens * heads, kThreads / kGroup);
  check(blocks <= 2147483647, "rotary embedding: too many heads for one launch: ", a.batches * a.tokens * heads);
  if (blocks == 0) return;
  const auto kernel = a.style == RopeStyle::interleaved ? rope_heads_kernel<T, N, kGroup, true> : rope_heads_kernel<T, N, kGroup, false>;
  launch("rope_heads", kernel, {dim3(static_cast<unsigned>(blocks)), dim3(kThreads)}, stream, a, Divisor(heads), Divisor(a.tokens), any_norm);
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
