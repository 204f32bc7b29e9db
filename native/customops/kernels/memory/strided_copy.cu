#include "kernels/core/divisor.h"
#include "kernels/core/elementwise.cuh"
#include "kernels/memory/strided_copy.h"
#include "kernels/memory/words.cuh"

namespace flashrt {
namespace {

/// Word i of the result, a word being as many bytes as all of the copy is aligned to.
template <typename Word>
struct StridedCopy {
  static constexpr int kInner = StridedCopyArgs::kAxes - 1;
  const char* from;
  Word* to;
  Divisor run, sizes[kInner];  // words of a run; the sizes behind the first
  int64_t strides[kInner + 1];

  explicit StridedCopy(const StridedCopyArgs& a)
      : from(static_cast<const char*>(a.from)), to(static_cast<Word*>(a.to)), run(a.run / static_cast<int64_t>(sizeof(Word))) {
    for (int axis = 0; axis < kInner; ++axis) sizes[axis] = Divisor(a.sizes[axis + 1]);
    for (int axis = 0; axis <= kInner; ++axis) strides[axis] = a.strides[axis];
  }

  template <int N>
  __device__ __forceinline__ Word load(Width<N>, int64_t i) const {
    int64_t left = run.quotient(i), offset = (i - left * run.value) * static_cast<int64_t>(sizeof(Word));
#pragma unroll
    for (int axis = kInner - 1; axis >= 0; --axis) {
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
  map<1>("strided_copy", a.runs() * (a.run / static_cast<int64_t>(sizeof(Word))), true, stream, StridedCopy<Word>(a));
}

}  // namespace

void strided_copy_cuda(const StridedCopyArgs& a, cudaStream_t stream) {
  if (a.run == 0 || a.runs() == 0) return;
  uint64_t bits = reinterpret_cast<uintptr_t>(a.from) | reinterpret_cast<uintptr_t>(a.to) | static_cast<uint64_t>(a.run);
  for (int axis = 0; axis < StridedCopyArgs::kAxes; ++axis)
    if (a.sizes[axis] > 1) bits |= static_cast<uint64_t>(a.strides[axis]);
  dispatch_word(bits, [&](auto tag) { copy_words<typename decltype(tag)::type>(a, stream); });
}

}  // namespace flashrt
