// Activations, written once for host and device. Float32 in, float32 out.
#pragma once

#include "kernels/core/dtype.h"

namespace flashrt {

enum class Activation : int32_t { none, gelu_tanh, gelu_erf, gelu_quick, silu, relu, sigmoid };

/// On the device with the hardware's exponential and reciprocal: within 1e-6 of the exact value, for every x.
FLASHRT_HD float sigmoid(float x) {
#if defined(__CUDA_ARCH__)
  // Not __fdividef: it gives 0 for denominators above 2^126, where the value is still a subnormal number.
  float result;
  asm("rcp.approx.f32 %0, %1;" : "=f"(result) : "f"(1.0f + __expf(-x)));
  return result;
#else
  return 1.0f / (1.0f + expf(-x));
#endif
}

/// x * sigmoid(2u) equals 0.5 * x * (1 + tanh(u)): one exponential, no cancellation for large negative x.
FLASHRT_HD float gelu_tanh(float x) { return x * sigmoid(1.5957691216057308f * x * (1.0f + 0.044715f * x * x)); }
FLASHRT_HD float gelu_erf(float x) { return 0.5f * x * (1.0f + erff(x * 0.70710678118654752f)); }
FLASHRT_HD float gelu_quick(float x) { return x * sigmoid(1.702f * x); }
FLASHRT_HD float silu(float x) { return x * sigmoid(x); }
FLASHRT_HD float relu(float x) { return fmaxf(x, 0.0f); }

/// The activation as a compile-time functor.
template <Activation kActivation>
struct Activate {
  FLASHRT_HD float operator()(float x) const {
    if constexpr (kActivation == Activation::gelu_tanh) return gelu_tanh(x);
    else if constexpr (kActivation == Activation::gelu_erf) return gelu_erf(x);
    else if constexpr (kActivation == Activation::gelu_quick) return gelu_quick(x);
    else if constexpr (kActivation == Activation::silu) return silu(x);
    else if constexpr (kActivation == Activation::relu) return relu(x);
    else if constexpr (kActivation == Activation::sigmoid) return sigmoid(x);
    else return x;
  }
};

/// Calls body(Activate<A>{}) for the run-time value.
template <typename Body>
void dispatch_activation(Activation activation, Body&& body) {
  switch (activation) {
    case Activation::none: return body(Activate<Activation::none>{});
    case Activation::gelu_tanh: return body(Activate<Activation::gelu_tanh>{});
    case Activation::gelu_erf: return body(Activate<Activation::gelu_erf>{});
    case Activation::gelu_quick: return body(Activate<Activation::gelu_quick>{});
    case Activation::silu: return body(Activate<Activation::silu>{});
    case Activation::relu: return body(Activate<Activation::relu>{});
    case Activation::sigmoid: return body(Activate<Activation::sigmoid>{});
  }
}

}  // namespace flashrt
