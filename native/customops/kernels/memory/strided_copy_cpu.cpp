#include <cstring>

#include "kernels/memory/strided_copy.h"

namespace flashrt {

void strided_copy_cpu(const StridedCopyArgs& a, const Parallel& parallel) {
  if (a.run == 0) return;
  parallel(a.runs(), 1 + 65536 / a.run, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      int64_t left = r, offset = 0;
      for (int axis = StridedCopyArgs::kAxes - 1; axis >= 0; --axis) {
        offset += left % a.sizes[axis] * a.strides[axis];
        left /= a.sizes[axis];
      }
      std::memcpy(static_cast<char*>(a.to) + r * a.run, static_cast<const char*>(a.from) + offset, static_cast<size_t>(a.run));
    }
  });
}

}  // namespace flashrt
