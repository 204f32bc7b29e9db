// Times the kernels at the shapes of real models: kernel_bench [RESULTS.json]
//
// Every row is one op at one shape: µs for a call inside a CUDA graph, GB/s of the bytes it must move, and the share of the copy
// bandwidth measured in the same run. benches/kernels/peers.py times PyTorch at the same shapes and joins the two.
#include <array>
#include <fstream>
#include <sstream>

#include "bench/bench.cuh"
#include "kernels/activation/bias_activation.h"
#include "kernels/activation/softmax_rows.h"
#include "kernels/attention/attention.h"
#include "kernels/elementwise/gated_activation.h"
#include "kernels/elementwise/residual_add.h"
#include "kernels/gemm/gemm.h"
#include "kernels/norm/row_norm.h"
#include "kernels/quantize/nvfp4.h"
#include "kernels/quantize/quantize8.h"
#include "kernels/rope/rope_heads.h"

namespace flashrt::bench {
namespace {

std::vector<Result> g_results;

void report(const std::string& op, const std::string& shape, const char* dtype, double microseconds, double bytes, double flops = 0) {
  g_results.push_back({op, shape, dtype, microseconds, bytes, flops});
  std::fprintf(stderr, "%-28s %-16s %-9s %9.2f us %8.0f GB/s\n", op.c_str(), shape.c_str(), dtype, microseconds, bytes / microseconds / 1e3);
}

/// Four 16-byte loads of each thread are in flight before the first store.
__global__ void copy_kernel(const uint4* __restrict__ from, uint4* __restrict__ to, int64_t count) {
  const int64_t threads = static_cast<int64_t>(gridDim.x) * blockDim.x;
  int64_t i = blockIdx.x * static_cast<int64_t>(blockDim.x) + threadIdx.x;
  for (; i + 3 * threads < count; i += 4 * threads) {
    const uint4 a = from[i], b = from[i + threads], c = from[i + 2 * threads], d = from[i + 3 * threads];
    to[i] = a;
    to[i + threads] = b;
    to[i + 2 * threads] = c;
    to[i + 3 * threads] = d;
  }
  for (; i < count; i += threads) to[i] = from[i];
}

/// The ceiling: bytes read plus written by a plain copy of 1 GiB.
double measure_copy() {
  const int64_t bytes = int64_t{1} << 30;
  const Buffer<uint8_t> from(bytes), to(bytes);
  const double us = time_calls([&](cudaStream_t stream, int) {
    launch("copy", copy_kernel, {dim3(132 * 16), dim3(512)}, stream, reinterpret_cast<const uint4*>(from.get()), reinterpret_cast<uint4*>(to.get()), bytes / 16);
  }, 2, 20);
  report("copy ceiling", "1 GiB", "bytes", us, 2.0 * bytes);
  return 2.0 * bytes / us;
}

struct NormCase {
  const char* op;
  bool residual, layer, weight, beta, style, quantize;
};

template <typename T>
void bench_norm(const NormCase& c, int64_t rows, int64_t cols) {
  const int64_t count = rows * cols;
  const int64_t bytes = count * static_cast<int64_t>(sizeof(T)) * (1 + (c.residual ? 2 : 0)) + count * (c.quantize ? 1 : static_cast<int64_t>(sizeof(T)));
  const int sets = sets_for(bytes);
  std::vector<std::unique_ptr<Buffer<T>>> x, residual, y;
  std::vector<std::unique_ptr<Buffer<Float8E4M3>>> y8;
  for (int i = 0; i < sets; ++i) {
    x.push_back(std::make_unique<Buffer<T>>(count, i));
    residual.push_back(std::make_unique<Buffer<T>>(c.residual ? count : 1, i));
    y.push_back(std::make_unique<Buffer<T>>(c.quantize ? 1 : count, i));
    y8.push_back(std::make_unique<Buffer<Float8E4M3>>(c.quantize ? count : 1, i));
  }
  const Buffer<T> weight(cols), beta(cols), style(3 * cols);
  const Buffer<float> scale(1);
  const double us = time_calls([&](cudaStream_t stream, int call) {
    const int i = call % sets;
    RowNormArgs a;
    a.dtype = DTypeOf<T>::value;
    a.statistic = c.layer ? RowStatistic::layer : RowStatistic::rms;
    a.epsilon = 1e-6f;
    a.rows = rows;
    a.cols = cols;
    a.x = x[i]->get();
    if (c.residual) a.residual = a.residual_out = residual[i]->get();
    if (c.weight) a.weight = {weight.get(), 1, 0};
    if (c.beta) a.beta = {beta.get(), 1, 0};
    if (c.style) {
      a.scale = {style.get(), 1, 3 * cols};
      a.shift = {style.get() + cols, 1, 3 * cols};
    }
    if (c.quantize) {
      a.y_quantized = y8[i]->get();
      a.quant_scale = scale.get();
    } else {
      a.y = y[i]->get();
    }
    row_norm_cuda(a, stream);
  });
  report(c.op, std::to_string(rows) + "x" + std::to_string(cols), name_of(DTypeOf<T>::value), us, static_cast<double>(bytes));
}

void bench_norms() {
  const NormCase cases[] = {
      {"RmsNorm", false, false, true, false, false, false},      {"RmsNormQuantize", false, false, true, false, false, true},
      {"AddRmsNorm", true, false, true, false, false, false},    {"AddRmsNormQuantize", true, false, true, false, false, true},
      {"LayerNorm", false, true, true, true, false, false},      {"AddLayerNorm", true, true, true, true, false, false},
      {"AdaLayerNorm", false, true, false, false, true, false}};
  const std::pair<int64_t, int64_t> shapes[] = {{1, 2560}, {50, 1024}, {512, 1152}, {512, 4096}, {712, 2048}, {22784, 128}, {16384, 8192}};
  for (const auto& c : cases)
    for (const auto& [rows, cols] : shapes) bench_norm<Float16>(c, rows, cols);
  bench_norm<BFloat16>(cases[2], 16384, 8192);
  bench_norm<float>(cases[2], 16384, 4096);
}

/// Buffer sets to rotate over.
template <typename T>
class Sets {
 public:
  Sets(int sets, int64_t count) {
    for (int i = 0; i < sets; ++i) buffers_.push_back(std::make_unique<Buffer<T>>(count, i));
  }
  T* at(int call) const { return buffers_[call % buffers_.size()]->get(); }

 private:
  std::vector<std::unique_ptr<Buffer<T>>> buffers_;
};

using Shapes = std::vector<std::pair<int64_t, int64_t>>;

std::string shape_text(int64_t rows, int64_t cols) { return std::to_string(rows) + "x" + std::to_string(cols); }

template <typename T>
void bench_gated(int64_t rows, int64_t cols, bool quantize) {
  const int64_t count = rows * cols, bytes = count * (2 * static_cast<int64_t>(sizeof(T)) + (quantize ? 1 : static_cast<int64_t>(sizeof(T))));
  const int sets = sets_for(bytes);
  const Sets<T> merged(sets, 2 * count), y(sets, quantize ? 1 : count);
  const Sets<Float8E4M3> y8(sets, quantize ? count : 1);
  const Buffer<float> scale(1);
  const double us = time_calls([&](cudaStream_t stream, int call) {
    GatedActivationArgs a;
    a.dtype = DTypeOf<T>::value;
    a.rows = rows;
    a.cols = cols;
    a.pitch = 2 * cols;
    a.gate = merged.at(call);
    a.up = merged.at(call) + cols;
    if (quantize) {
      a.y_quantized = y8.at(call);
      a.quant_scale = scale.get();
    } else {
      a.y = y.at(call);
    }
    gated_activation_cuda(a, stream);
  });
  report(quantize ? "GatedActivationQuantize" : "GatedActivation", shape_text(rows, 2 * cols), name_of(DTypeOf<T>::value), us, static_cast<double>(bytes));
}

template <typename T>
void bench_gelu(int64_t rows, int64_t cols) {
  const int64_t count = rows * cols, bytes = 2 * count * static_cast<int64_t>(sizeof(T));
  const int sets = sets_for(bytes);
  const Sets<T> x(sets, count), y(sets, count);
  const Buffer<T> bias(cols);
  const double us = time_calls([&](cudaStream_t stream, int call) {
    BiasActivationArgs a;
    a.dtype = DTypeOf<T>::value;
    a.activation = Activation::gelu_tanh;
    a.rows = rows;
    a.cols = cols;
    a.x = x.at(call);
    a.bias = bias.get();
    a.y = y.at(call);
    bias_activation_cuda(a, stream);
  });
  report("Gelu", shape_text(rows, cols), name_of(DTypeOf<T>::value), us, static_cast<double>(bytes));
}

template <typename T>
void bench_residual(int64_t rows, int64_t cols) {
  const int64_t count = rows * cols, bytes = 3 * count * static_cast<int64_t>(sizeof(T));
  const int sets = sets_for(bytes);
  const Sets<T> x(sets, count), residual(sets, count);
  const Buffer<T> bias(cols);
  const double us = time_calls([&](cudaStream_t stream, int call) {
    ResidualAddArgs a;
    a.dtype = DTypeOf<T>::value;
    a.rows = rows;
    a.cols = cols;
    a.x = x.at(call);
    a.bias = bias.get();
    a.residual = a.y = residual.at(call);
    residual_add_cuda(a, stream);
  });
  report("ResidualAdd", shape_text(rows, cols), name_of(DTypeOf<T>::value), us, static_cast<double>(bytes));
}

/// Rotate-half on [tokens, heads, head_dim] with tables of the same rotary width.
template <typename T>
void bench_rope(int64_t tokens, int64_t heads, int64_t head_dim) {
  const int64_t count = tokens * heads * head_dim, bytes = 2 * count * static_cast<int64_t>(sizeof(T));
  const int sets = sets_for(bytes);
  const Sets<T> x(sets, count), y(sets, count);
  const Buffer<T> cos(tokens * head_dim), sin(tokens * head_dim);
  const double us = time_calls([&](cudaStream_t stream, int call) {
    RopeHeadsArgs a;
    a.dtype = DTypeOf<T>::value;
    a.batches = 1;
    a.tokens = tokens;
    a.head_dim = a.rotary_dim = head_dim;
    a.table = {cos.get(), sin.get(), 1, head_dim};
    a.block_count = 1;
    const HeadStrides strides{count, heads * head_dim, head_dim};
    a.blocks[0].from = x.at(call);
    a.blocks[0].to = y.at(call);
    a.blocks[0].from_at = a.blocks[0].to_at = strides;
    a.blocks[0].width = heads * head_dim;
    a.blocks[0].rotated = true;
    rope_heads_cuda(a, stream);
  });
  report("RotaryEmbedding", std::to_string(tokens) + "x" + std::to_string(heads) + "x" + std::to_string(head_dim), name_of(DTypeOf<T>::value), us, static_cast<double>(bytes));
}

void bench_elementwise() {
  for (const auto& [rows, cols] : Shapes{{1, 9728}, {50, 4096}, {712, 16384}, {16384, 8192}})
    for (bool quantize : {false, true}) bench_gated<Float16>(rows, cols, quantize);
  for (const auto& [rows, cols] : Shapes{{512, 4304}, {16384, 8192}}) bench_gelu<Float16>(rows, cols);
  for (const auto& [rows, cols] : Shapes{{512, 1152}, {16384, 8192}}) bench_residual<Float16>(rows, cols);
  bench_rope<Float16>(1, 32, 128);
  bench_rope<Float16>(712, 8, 256);
  bench_rope<Float16>(16384, 32, 128);
}

template <typename T>
void bench_quantize(int64_t rows, int64_t cols, bool dynamic) {
  const int64_t count = rows * cols, bytes = count * ((dynamic ? 2 : 1) * static_cast<int64_t>(sizeof(T)) + 1);
  const int sets = sets_for(bytes);
  const Sets<T> x(sets, count);
  const Sets<Float8E4M3> y(sets, count);
  const Buffer<float> scale(1), scale_out(1), partials(kQuantize8Partials);
  const double us = time_calls([&](cudaStream_t stream, int call) {
    Quantize8Args a;
    a.dtype = DTypeOf<T>::value;
    a.scaling = dynamic ? Scaling::tensor : Scaling::given;
    a.rows = rows;
    a.cols = cols;
    a.x = x.at(call);
    a.scale = scale.get();
    a.y = y.at(call);
    a.scale_out = scale_out.get();
    a.partials = partials.get();
    quantize8_cuda(a, stream);
  });
  report(dynamic ? "QuantizeFp8 dynamic" : "QuantizeFp8", shape_text(rows, cols), name_of(DTypeOf<T>::value), us, static_cast<double>(bytes));
}

/// A [m, k] times B [n, k] (the weights stored transposed), float16 out.
template <typename T>
void bench_gemm(const char* op, int64_t m, int64_t n, int64_t k) {
  const int64_t bytes = (m * k + n * k) * static_cast<int64_t>(sizeof(T)) + m * n * 2;
  const int sets = sets_for(bytes);
  const Sets<T> a_sets(sets, m * k), b_sets(sets, n * k);
  const Sets<Float16> d_sets(sets, m * n);
  const Buffer<float> a_scale(1), b_scale(1);
  GemmArgs args;
  if constexpr (std::is_same_v<T, int8_t>) args.a_type = args.b_type = DType::i8;
  else args.a_type = args.b_type = DTypeOf<T>::value;
  args.m = m;
  args.n = n;
  args.k = k;
  args.transposed_b = true;
  args.epilogue.dtype = DType::f16;
  if (sizeof(T) == 1) {
    args.epilogue.a_scale = a_scale.get();
    args.epilogue.b_scale = b_scale.get();
  }
  args.a = a_sets.at(0);
  args.b = b_sets.at(0);
  args.epilogue.d = d_sets.at(0);
  const Buffer<uint8_t> scratch(std::max<int64_t>(1, static_cast<int64_t>(plan_gemm(args))));
  args.scratch = scratch.get();
  const double us = time_calls([&](cudaStream_t stream, int call) {
    GemmArgs one = args;
    one.a = a_sets.at(call);
    one.b = b_sets.at(call);
    one.epilogue.d = d_sets.at(call);
    gemm_cuda(one, stream);
  });
  report(op, std::to_string(m) + "x" + std::to_string(n) + "x" + std::to_string(k), name_of(args.a_type), us, static_cast<double>(bytes), 2.0 * m * n * k);
}

template <typename T>
void bench_softmax(int64_t rows, int64_t cols) {
  const int64_t count = rows * cols, bytes = 2 * count * static_cast<int64_t>(sizeof(T));
  const int sets = sets_for(bytes);
  const Sets<T> x(sets, count), y(sets, count);
  const double us = time_calls([&](cudaStream_t stream, int call) {
    SoftmaxRowsArgs a;
    a.dtype = DTypeOf<T>::value;
    a.rows = rows;
    a.cols = cols;
    a.x = x.at(call);
    a.y = y.at(call);
    softmax_rows_cuda(a, stream);
  });
  report("SoftmaxRows", shape_text(rows, cols), name_of(DTypeOf<T>::value), us, static_cast<double>(bytes));
}

/// Packed numbers and swizzled block scales, as a block-scaled product takes them.
template <typename T>
void bench_nvfp4(int64_t rows, int64_t cols) {
  const int64_t count = rows * cols, scales = nvfp4_scale_bytes(rows, cols, ScaleLayout::swizzled);
  const int64_t bytes = count * static_cast<int64_t>(sizeof(T)) + count / 2 + scales;
  const int sets = sets_for(bytes);
  const Sets<T> x(sets, count);
  const Sets<uint8_t> packed(sets, count / 2), block_scales(sets, scales);
  const double us = time_calls([&](cudaStream_t stream, int call) {
    QuantizeNvfp4Args a;
    a.dtype = DTypeOf<T>::value;
    a.layout = ScaleLayout::swizzled;
    a.rows = rows;
    a.cols = cols;
    a.x = x.at(call);
    a.packed = packed.at(call);
    a.scales = block_scales.at(call);
    quantize_nvfp4_cuda(a, stream);
  });
  report("QuantizeNvfp4", shape_text(rows, cols), name_of(DTypeOf<T>::value), us, static_cast<double>(bytes));
}

/// One batch entry or several, [batch, tokens, heads, head_dim]; the shape reads batch x queries x keys x heads x KV heads x head_dim.
template <typename T>
void bench_attention(int64_t batch, int64_t queries, int64_t keys, int64_t heads, int64_t kv_heads, int64_t dim, bool causal) {
  const int64_t q_count = batch * queries * heads * dim, kv_count = batch * keys * kv_heads * dim;
  const int64_t bytes = (2 * q_count + 2 * kv_count) * static_cast<int64_t>(sizeof(T));
  const int sets = sets_for(bytes);
  const Sets<T> q(sets, q_count), k(sets, kv_count), v(sets, kv_count), o(sets, q_count);
  AttentionArgs args;
  args.dtype = DTypeOf<T>::value;
  args.batch = batch;
  args.heads = heads;
  args.kv_heads = kv_heads;
  args.queries = queries;
  args.keys = keys;
  args.head_dim = args.value_dim = dim;
  args.scale = 1.0f / std::sqrt(static_cast<float>(dim));
  args.causal = causal;
  args.q_strides = args.o_strides = {queries * heads * dim, heads * dim, dim};
  args.k_strides = args.v_strides = {keys * kv_heads * dim, kv_heads * dim, dim};
  args.q = q.at(0);
  args.k = k.at(0);
  args.v = v.at(0);
  args.o = o.at(0);
  const Buffer<uint8_t> scratch(std::max<int64_t>(1, attention_scratch_bytes(args)));
  args.scratch = scratch.get();
  const double us = time_calls([&](cudaStream_t stream, int call) {
    AttentionArgs one = args;
    one.q = q.at(call);
    one.k = k.at(call);
    one.v = v.at(call);
    one.o = o.at(call);
    attention_cuda(one, stream);
  });
  std::ostringstream shape;
  for (int64_t n : {queries, keys, heads, kv_heads, dim}) shape << "x" << n;
  const double seen = causal ? static_cast<double>(keys) - static_cast<double>(queries - 1) / 2 : static_cast<double>(keys);
  report(causal ? "Attention causal" : "Attention", std::to_string(batch) + shape.str(), name_of(DTypeOf<T>::value), us, static_cast<double>(bytes), 4.0 * batch * heads * dim * queries * seen);
}

void bench_attentions() {
  bench_attention<Float16>(1, 712, 712, 8, 1, 256, true);
  bench_attention<Float16>(1, 712, 712, 8, 1, 256, false);
  bench_attention<Float16>(1, 50, 762, 8, 1, 256, false);
  bench_attention<Float16>(1, 1, 1025, 32, 8, 128, false);
  bench_attention<Float16>(2, 256, 256, 16, 16, 72, false);
  bench_attention<Float16>(1, 4096, 4096, 32, 8, 128, true);
}

using Products = std::vector<std::array<int64_t, 3>>;

void bench_products() {
  for (const auto& [rows, cols] : Shapes{{50, 4096}, {712, 16384}, {16384, 8192}})
    for (bool dynamic : {false, true}) bench_quantize<Float16>(rows, cols, dynamic);
  for (const auto& [m, n, k] : Products{{1, 6144, 2560}, {1, 2560, 9728}, {50, 8192, 1024}, {512, 4608, 1152}, {712, 32768, 2048}, {712, 2048, 16384}}) {
    bench_gemm<Float16>("Gemm", m, n, k);
    bench_gemm<Float8E4M3>("Fp8Gemm", m, n, k);
    bench_gemm<int8_t>("Int8Gemm", m, n, k);
  }
  for (const auto& [rows, cols] : Shapes{{712, 2048}, {16384, 8192}}) bench_nvfp4<Float16>(rows, cols);
  for (const auto& [rows, cols] : Shapes{{4096, 256}, {16384, 8192}}) bench_softmax<Float16>(rows, cols);
}

}  // namespace
}  // namespace flashrt::bench

int main(int argc, char** argv) {
  using namespace flashrt::bench;
  cudaDeviceProp device;
  flashrt::check_cuda(cudaGetDeviceProperties(&device, 0), "cudaGetDeviceProperties");
  const double ceiling = measure_copy();
  bench_norms();
  bench_elementwise();
  bench_products();
  bench_attentions();
  std::printf("%s, CUDA runtime %d; copy %.0f GB/s\n\n| op | shape | dtype | us | GB/s | of copy |\n|---|---|---|---|---|---|\n", device.name, CUDART_VERSION, ceiling / 1e3);
  for (const Result& r : g_results)
    std::printf("| %s | %s | %s | %.2f | %.0f | %.0f%% |\n", r.op.c_str(), r.shape.c_str(), r.dtype.c_str(), r.microseconds, r.bytes / r.microseconds / 1e3,
                100 * r.bytes / r.microseconds / ceiling);
  if (argc > 1) {
    std::ofstream json(argv[1]);
    json << "{\"device\":\"" << device.name << "\",\"cudart\":" << CUDART_VERSION << ",\"copy_bytes_per_us\":" << ceiling << ",\"rows\":[";
    for (size_t i = 0; i < g_results.size(); ++i) {
      const Result& r = g_results[i];
      json << (i == 0 ? "" : ",") << "\n{\"op\":\"" << r.op << "\",\"shape\":\"" << r.shape << "\",\"dtype\":\"" << r.dtype << "\",\"us\":" << r.microseconds
           << ",\"bytes\":" << r.bytes << ",\"flops\":" << r.flops << "}";
    }
    json << "]}\n";
  }
  return 0;
}
