#include "kernels/core/divisor.h"
#include "kernels/core/elementwise.cuh"
#include "kernels/memory/scatter_nd.h"
#include "kernels/memory/words.cuh"

namespace flashrt {
namespace {

template <typename Word>
struct Scatter {
  const int64_t* indices;
  const Word* updates;
  char* y;
  Divisor run;  // words of a slice
  int depth;
  int64_t sizes[ScatterNdArgs::kMostAxes], strides[ScatterNdArgs::kMostAxes];

  template <int N>
  __device__ __forceinline__ Word load(Width<N>, int64_t i) const { return updates[i]; }

  template <int N>
  __device__ __forceinline__ void store(Width<N>, int64_t i, const Word& word) const {
    const int64_t tuple = run.quotient(i);
    int64_t offset = (i - tuple * run.value) * static_cast<int64_t>(sizeof(Word));
    for (int axis = 0; axis < depth; ++axis) {
      int64_t index = indices[tuple * depth + axis];
      if (index < 0) index += sizes[axis];
      if (index < 0 || index >= sizes[axis]) return;
      offset += index * strides[axis];
    }
    *reinterpret_cast<Word*>(y + offset) = word;
  }
};

}  // namespace

void scatter_nd_cuda(const ScatterNdArgs& a, cudaStream_t stream) {
  if (a.y != a.data && a.bytes > 0)
    check_cuda(cudaMemcpyAsync(a.y, a.data, static_cast<size_t>(a.bytes), cudaMemcpyDeviceToDevice, stream), "cudaMemcpyAsync");
  if (a.tuples == 0 || a.run == 0) return;
  uint64_t bits = bits_of(a.y) | bits_of(a.updates) | static_cast<uint64_t>(a.run);
  for (int axis = 0; axis < a.depth; ++axis) bits |= static_cast<uint64_t>(a.strides[axis]);
  dispatch_word(bits, [&](auto tag) {
    using Word = typename decltype(tag)::type;
    Scatter<Word> f{a.indices, static_cast<const Word*>(a.updates), static_cast<char*>(a.y), Divisor(a.run / static_cast<int64_t>(sizeof(Word))), a.depth, {}, {}};
    for (int axis = 0; axis < a.depth; ++axis) {
      f.sizes[axis] = a.sizes[axis];
      f.strides[axis] = a.strides[axis];
    }
    map<1>("scatter_nd", a.tuples * f.run.value, true, stream, f);
  });
}

}  // namespace flashrt
