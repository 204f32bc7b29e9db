#include "kernels/core/divisor.h"
#include "kernels/core/elementwise.cuh"
#include "kernels/memory/strided_copy.h"
#include "kernels/memory/words.cuh"

namespace flashrt {
namespace {

/// Word i of the result, a word being as many bytes as all of the copy is aligned to.
template <typename Word>
struct StridedCopy {
  const char* from;
  Word* to;
  Divisor run, sizes[3];  // words of a run; the three inner sizes
  int64_t strides[4];

  template <int N>
  __device__ __forceinline__ Word load(Width<N>, int64_t i) const {
    int64_t left = run.quotient(i), offset = (i - left * run.value) * static_cast<int64_t>(sizeof(Word));
#pragma unroll
    for (int axis = 2; axis >= 0; --axis) {
      if (sizes[axis].value == 1) continue;
      const int64_t outer = sizes[axis].quotient(left);
      offset += (left - outer * sizes[axis].value) * strides[axis + 1];
      left = outer;
    }
    return *reinterpret_cast<const Word*>(from + offset + left * strides[0]);
  }

  template <int N>
  __device__ __forceinline__ void store(Width<N>, int64_t i, const Word& word) const {
    to[i] = word;
  }
};

template <typename Word>
void copy_words(const StridedCopyArgs& a, cudaStream_t stream) {
  const int64_t words = a.run / static_cast<int64_t>(sizeof(Word));
  map<1>("strided_copy", a.runs() * words, true, stream,
         StridedCopy<Word>{static_cast<const char*>(a.from), static_cast<Word*>(a.to), Divisor(words),
                           {Divisor(a.sizes[1]), Divisor(a.sizes[2]), Divisor(a.sizes[3])},
                           {a.strides[0], a.strides[1], a.strides[2], a.strides[3]}});
}

}  // namespace

void strided_copy_cuda(const StridedCopyArgs& a, cudaStream_t stream) {
  if (a.run == 0 || a.runs() == 0) return;
  uint64_t bits = reinterpret_cast<uintptr_t>(a.from) | reinterpret_cast<uintptr_t>(a.to) | static_cast<uint64_t>(a.run);
  for (int axis = 0; axis < 4; ++axis)
    if (a.sizes[axis] > 1) bits |= static_cast<uint64_t>(a.strides[axis]);
  dispatch_word(bits, [&](auto tag) { copy_words<typename decltype(tag)::type>(a, stream); });
}

}  // namespace flashrt
