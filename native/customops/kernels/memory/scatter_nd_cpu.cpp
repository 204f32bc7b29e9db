#include <cstring>

#include "kernels/core/check.h"
#include "kernels/memory/scatter_nd.h"

namespace flashrt {

// Serial on purpose: the order decides where two tuples name one place.
void scatter_nd_cpu(const ScatterNdArgs& a, const Parallel&) {
  if (a.y != a.data && a.bytes > 0) std::memcpy(a.y, a.data, static_cast<size_t>(a.bytes));
  for (int64_t t = 0; t < a.tuples; ++t) {
    int64_t offset = 0;
    for (int axis = 0; axis < a.depth; ++axis) {
      const int64_t index = a.indices[t * a.depth + axis], size = a.sizes[axis];
      check(index >= -size && index < size, "input indices holds ", index, ", but axis ", axis, " of input data has ", size, " elements");
      offset += (index < 0 ? index + size : index) * a.strides[axis];
    }
    if (a.run > 0) std::memcpy(static_cast<char*>(a.y) + offset, static_cast<const char*>(a.updates) + t * a.run, static_cast<size_t>(a.run));
  }
}

}  // namespace flashrt
