#include "kernels/memory/copy.h"

namespace flashrt {

void copy_cpu(const CopyArgs& a, const Parallel& parallel) {
  parallel(a.bytes, 1 << 20, [&](int64_t begin, int64_t end) {
    std::memcpy(static_cast<char*>(a.to) + begin, static_cast<const char*>(a.from) + begin, static_cast<size_t>(end - begin));
  });
}

void cast_float16_cpu(const CastFloat16Args& a, const Parallel& parallel) {
  parallel(a.count, 16384, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) a.y[i] = from_float<Float16>(a.x[i]);
  });
}

void fill_neg_inf_cpu(const FillNegInfArgs& a, const Parallel& parallel) {
  dispatch_float(a.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T value = from_float<T>(-INFINITY);
    parallel(a.count, 1 << 18, [&](int64_t begin, int64_t end) { std::fill(static_cast<T*>(a.y) + begin, static_cast<T*>(a.y) + end, value); });
  });
}

}  // namespace flashrt
