#include <cstring>

#include "kernels/memory/pieces.h"

namespace flashrt {
namespace {

/// Calls copy(piece, byte of the piece, byte of the whole, bytes) for each run of each row.
template <typename Copy>
void for_each_run(const Pieces& pieces, const Parallel& parallel, Copy copy) {
  if (pieces.width() == 0) return;
  parallel(pieces.rows, 1 + 65536 / pieces.width(), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row)
      for (int p = 0; p < pieces.count; ++p) {
        const int64_t run = pieces.ends[p] - pieces.begin(p);
        if (run > 0) copy(p, row * run, row * pieces.width() + pieces.begin(p), static_cast<size_t>(run));
      }
  });
}

}  // namespace

void concat_cpu(const ConcatArgs& a, const Parallel& parallel) {
  for_each_run(a.pieces, parallel, [&](int p, int64_t piece, int64_t whole, size_t bytes) {
    std::memcpy(static_cast<char*>(a.to) + whole, static_cast<const char*>(a.from[p]) + piece, bytes);
  });
}

void split_cpu(const SplitArgs& a, const Parallel& parallel) {
  for_each_run(a.pieces, parallel, [&](int p, int64_t piece, int64_t whole, size_t bytes) {
    if (a.to[p] != nullptr) std::memcpy(static_cast<char*>(a.to[p]) + piece, static_cast<const char*>(a.from) + whole, bytes);
  });
}

}  // namespace flashrt
