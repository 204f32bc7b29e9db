#include "kernels/attention/tensor_kernel.cuh"

namespace flashrt {
template void launch_tensor<BFloat16, 48>(int, const AttentionArgs&, const Partials&, cudaStream_t);
template void launch_tensor<BFloat16, 64>(int, const AttentionArgs&, const Partials&, cudaStream_t);
template void launch_tensor<BFloat16, 72>(int, const AttentionArgs&, const Partials&, cudaStream_t);
template void launch_tensor<BFloat16, 80>(int, const AttentionArgs&, const Partials&, cudaStream_t);
template void launch_tensor<BFloat16, 96>(int, const AttentionArgs&, const Partials&, cudaStream_t);
}  // namespace flashrt
