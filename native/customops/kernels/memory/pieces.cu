#include "kernels/core/divisor.h"
#include "kernels/core/elementwise.cuh"
#include "kernels/memory/pieces.h"
#include "kernels/memory/words.cuh"

namespace flashrt {
namespace {

/// Where word i of the whole lies: its piece, and its word within the piece.
struct Place {
  int piece;
  int64_t word;
};

template <typename Word>
struct Layout {
  Divisor width;
  int64_t ends[Pieces::kMost];  // in words

  explicit Layout(const Pieces& pieces) : width(pieces.width() / static_cast<int64_t>(sizeof(Word))) {
    for (int p = 0; p < Pieces::kMost; ++p) ends[p] = pieces.ends[p < pieces.count ? p : pieces.count - 1] / static_cast<int64_t>(sizeof(Word));
  }

  __device__ __forceinline__ Place place(int64_t i) const {
    const int64_t row = width.quotient(i), column = i - row * width.value;
    int p = 0;
    int64_t begin = 0;
    while (column >= ends[p]) begin = ends[p++];  // ends at the last piece: column < width
    return {p, row * (ends[p] - begin) + column - begin};
  }
};

template <typename Word>
struct Concat {
  Layout<Word> layout;
  const Word* from[Pieces::kMost];
  Word* to;

  template <int N>
  __device__ __forceinline__ Word load(Width<N>, int64_t i) const {
    const Place at = layout.place(i);
    return from[at.piece][at.word];
  }

  template <int N>
  __device__ __forceinline__ void store(Width<N>, int64_t i, const Word& word) const { to[i] = word; }
};

template <typename Word>
struct Split {
  Layout<Word> layout;
  const Word* from;
  Word* to[Pieces::kMost];

  template <int N>
  __device__ __forceinline__ Word load(Width<N>, int64_t i) const { return from[i]; }

  template <int N>
  __device__ __forceinline__ void store(Width<N>, int64_t i, const Word& word) const {
    const Place at = layout.place(i);
    if (to[at.piece] != nullptr) to[at.piece][at.word] = word;
  }
};

/// Or of all byte counts and addresses: what the widest word must divide.
template <typename Pointer>
uint64_t alignment(const Pieces& pieces, const void* whole, const Pointer (&parts)[Pieces::kMost]) {
  uint64_t bits = bits_of(whole);
  for (int p = 0; p < pieces.count; ++p) bits |= static_cast<uint64_t>(pieces.ends[p]) | bits_of(parts[p]);
  return bits;
}

}  // namespace

void concat_cuda(const ConcatArgs& a, cudaStream_t stream) {
  if (a.pieces.rows == 0 || a.pieces.width() == 0) return;
  dispatch_word(alignment(a.pieces, a.to, a.from), [&](auto tag) {
    using Word = typename decltype(tag)::type;
    Concat<Word> f{Layout<Word>(a.pieces), {}, static_cast<Word*>(a.to)};
    for (int p = 0; p < a.pieces.count; ++p) f.from[p] = static_cast<const Word*>(a.from[p]);
    map<1>("concat", a.pieces.rows * f.layout.width.value, true, stream, f);
  });
}

void split_cuda(const SplitArgs& a, cudaStream_t stream) {
  if (a.pieces.rows == 0 || a.pieces.width() == 0) return;
  dispatch_word(alignment(a.pieces, a.from, a.to), [&](auto tag) {
    using Word = typename decltype(tag)::type;
    Split<Word> f{Layout<Word>(a.pieces), static_cast<const Word*>(a.from), {}};
    for (int p = 0; p < a.pieces.count; ++p) f.to[p] = static_cast<Word*>(a.to[p]);
    map<1>("split", a.pieces.rows * f.layout.width.value, true, stream, f);
  });
}

}  // namespace flashrt
