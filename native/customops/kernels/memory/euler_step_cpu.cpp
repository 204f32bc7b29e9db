#include "kernels/memory/euler_step.h"

namespace flashrt {

void euler_step_cpu(const EulerStepArgs& a, const Parallel& parallel) {
  dispatch_float(a.velocity_dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    parallel(a.count, 16384, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) a.y[i] = a.actions[i] + a.dt * to_float(static_cast<const T*>(a.velocity)[i]);
    });
  });
}

}  // namespace flashrt
