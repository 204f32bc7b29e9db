#include "kernels/attention/tensor_kernel.cuh"

namespace flashrt {
template void launch_tensor<BFloat16, 128>(int, const AttentionArgs&, const Partials&, cudaStream_t);
}  // namespace flashrt
