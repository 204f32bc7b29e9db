// The building blocks, the row norm family, long rotary embeddings and products in place on the device, against plain loops and the CPU reference. Small enough for
// compute-sanitizer. Prints one line, exits with 1 on any failure.
#include "tests/kernel_test.cuh"

#include "kernels/core/reduce.cuh"
#include "kernels/gemm/gemm.h"
#include "kernels/norm/row_norm.h"
#include "kernels/rope/rope_heads.h"

namespace flashrt::test {
namespace {

template <typename T>
__global__ void widen_kernel(const T* from, float* to, int count) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) to[i] = to_float(from[i]);
}

template <typename T>
__global__ void narrow_kernel(const float* from, T* to, int count) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) to[i] = from_float<T>(from[i]);
}

/// Host and device conversions agree bit for bit on every code, and on floats at and around every rounding boundary.
template <typename T, typename Bits>
void test_conversions(const char* name, int codes) {
  std::vector<T> all(codes);
  for (int i = 0; i < codes; ++i) all[i] = T{static_cast<Bits>(i)};
  const Mirror<T> from(all);
  const Mirror<float> wide(std::vector<float>(codes, 0.0f));
  widen_kernel<T><<<(codes + 255) / 256, 256, 0, cudaStreamPerThread>>>(from.device(), wide.device(), codes);
  check_cuda(cudaDeviceSynchronize(), "widen");
  const auto widened = wide.fetch(name);
  std::vector<float> floats = {0.0f, -0.0f, INFINITY, -INFINITY, NAN, 65519.9f, 65520.0f, 448.0f, 463.9f, 464.0f, 465.0f, 1e30f, 1e-30f, 1e-45f, 3.4e38f};
  for (int i = 0; i < codes; ++i) {
    const float host = to_float(all[i]);
    const bool same = std::isnan(host) ? std::isnan(widened[i]) : host == widened[i];
    expect(same, std::string(name) + " code " + std::to_string(i) + " widens to " + std::to_string(widened[i]) + ", host " + std::to_string(host));
    if (!std::isfinite(host)) continue;
    floats.push_back(host);
    if (i + 1 < codes && std::isfinite(to_float(all[i + 1]))) {
      const float middle = 0.5f * host + 0.5f * to_float(all[i + 1]);  // the tie, and its two neighbours
      for (float f : {middle, std::nextafterf(middle, INFINITY), std::nextafterf(middle, -INFINITY)}) floats.push_back(f);
    }
  }
  const int count = static_cast<int>(floats.size());
  const Mirror<float> source(floats);
  const Mirror<T> narrow(std::vector<T>(count, T{0}));
  narrow_kernel<T><<<(count + 255) / 256, 256, 0, cudaStreamPerThread>>>(source.device(), narrow.device(), count);
  check_cuda(cudaDeviceSynchronize(), "narrow");
  const auto narrowed = narrow.fetch(name);
  for (int i = 0; i < count; ++i) {
    const T host = from_float<T>(floats[i]);
    const bool same = std::isnan(floats[i]) ? std::isnan(to_float(narrowed[i])) : host.bits == narrowed[i].bits;
    expect(same, std::string(name) + ": " + std::to_string(floats[i]) + " rounds to " + std::to_string(narrowed[i].bits) + ", host " + std::to_string(host.bits));
  }
}

__global__ void reduce_kernel(const float* x, float* sums, float* maxima) {
  __shared__ float scratch[32];
  const float value = x[blockIdx.x * blockDim.x + threadIdx.x];
  const float total = block_reduce<Sum>(value, scratch);  // twice with one scratch, nothing in between: the contract
  const float most = block_reduce<Max>(value, scratch);
  sums[blockIdx.x * blockDim.x + threadIdx.x] = total;
  maxima[blockIdx.x * blockDim.x + threadIdx.x] = most;
}

void test_reductions() {
  for (int threads : {32, 64, 96, 512, 1024}) {
    const int blocks = 3, count = threads * blocks;
    std::vector<float> x(count);
    std::mt19937 generator(threads);
    for (float& v : x) v = static_cast<float>(static_cast<int>(generator() % 2001) - 1000);  // integers: the sum is exact
    const Mirror<float> in(x), sums(std::vector<float>(count, 0)), maxima(std::vector<float>(count, 0));
    reduce_kernel<<<blocks, threads, 0, cudaStreamPerThread>>>(in.device(), sums.device(), maxima.device());
    check_cuda(cudaDeviceSynchronize(), "reduce");
    const auto total = sums.fetch("sums"), most = maxima.fetch("maxima");
    for (int i = 0; i < count; ++i) {
      float sum = 0, max = -INFINITY;
      for (int t = 0; t < threads; ++t) {
        sum += x[i / threads * threads + t];
        max = std::max(max, x[i / threads * threads + t]);
      }
      expect(total[i] == sum && most[i] == max, "block_reduce with " + std::to_string(threads) + " threads");
    }
  }
}

struct NormOptions {
  bool layer, residual, gate, bias, weight, beta, modulation, gate_out, quantize, scaled, unrounded, in_place;
};

template <typename T>
void test_norm(int64_t rows, int64_t cols, int64_t vectors, int64_t lead, const NormOptions& o, unsigned seed) {
  const int64_t count = rows * cols;
  const std::string what = "row_norm " + std::string(name_of(DTypeOf<T>::value)) + " " + std::to_string(rows) + "x" + std::to_string(cols) + " seed " + std::to_string(seed);
  const Mirror<T> x(random_values<T>(count, seed), lead), residual(random_values<T>(count, seed + 1), lead), gate(random_values<T>(vectors * cols, seed + 2), lead);
  const Mirror<T> bias(random_values<T>(cols, seed + 3), lead), weight(random_values<T>(cols, seed + 4), lead), beta(random_values<T>(cols, seed + 5), lead);
  const Mirror<T> style(random_values<T>(vectors * 3 * cols, seed + 6, 0.5f), lead);
  const Mirror<float> scale({0.02f});
  const Mirror<T> residual_out(std::vector<T>(count), lead), gate_out(std::vector<T>(count), lead), y(std::vector<T>(count), lead);
  const Mirror<Float8E4M3> y8(std::vector<Float8E4M3>(count), lead);
  std::vector<T> host_residual(residual.host), host_residual_out(count), host_gate_out(count), host_y(count);
  std::vector<Float8E4M3> host_y8(count);

  const auto fill = [&](bool on_device) {
    const auto in = [&](const Mirror<T>& m) { return on_device ? static_cast<const void*>(m.device()) : m.host.data(); };
    RowNormArgs a;
    a.dtype = DTypeOf<T>::value;
    a.statistic = o.layer ? RowStatistic::layer : RowStatistic::rms;
    a.epsilon = 1e-5f;
    a.unrounded = o.unrounded;
    a.rows = rows;
    a.cols = cols;
    a.x = in(x);
    if (o.residual) {
      a.residual = on_device ? in(residual) : host_residual.data();
      a.residual_out = o.in_place ? const_cast<void*>(a.residual) : on_device ? static_cast<void*>(residual_out.device()) : host_residual_out.data();
      if (o.gate) a.gate = {in(gate), vectors, cols};
      if (o.bias) a.bias = {in(bias), 1, 0};
    }
    if (o.weight) a.weight = {in(weight), 1, 0};
    if (o.beta) a.beta = {in(beta), 1, 0};
    if (o.modulation) {
      const auto block = [&](int b) { return RowVectors{static_cast<const T*>(in(style)) + b * cols, vectors, 3 * cols}; };
      a.scale = block(0);
      a.shift = block(1);
      if (o.gate_out) {
        a.gate_in = block(2);
        a.gate_out = on_device ? gate_out.device() : host_gate_out.data();
      }
    }
    if (o.quantize) {
      a.y_quantized = on_device ? y8.device() : host_y8.data();
      if (o.scaled) a.quant_scale = on_device ? scale.device() : scale.host.data();
    } else {
      a.y = on_device ? y.device() : host_y.data();
    }
    return a;
  };
  row_norm_cpu(fill(false), {});
  row_norm_cuda(fill(true), cudaStreamPerThread);
  check_cuda(cudaDeviceSynchronize(), "row_norm");
  if (o.residual) expect_close((o.in_place ? residual : residual_out).fetch(what), o.in_place ? host_residual : host_residual_out, what + " residual_out", 1e-6f);
  if (o.modulation && o.gate_out) expect_close(gate_out.fetch(what), host_gate_out, what + " gate_out", 0.0f);
  if (o.quantize) expect_codes(y8.fetch(what), host_y8, what + " y8");
  // A gated sum near the middle of two 16-bit numbers may round to either (the device fuses the product and the sum); the norm sees it.
  else expect_close(y.fetch(what), host_y, what + " y", o.residual && o.gate ? 2 * kRelative<T> : 1e-5f);
  x.fetch(what);
}

/// Enough long rows for the kernel whose blocks stay and whose rows stream past; the last round is not full.
template <typename T>
void test_long_norms() {
  const int64_t rows = 16 * device_attribute(cudaDevAttrMultiProcessorCount) + 3, shortest = 4104 / (sizeof(T) / 2), longest = 8192 / (sizeof(T) / 2);
  unsigned seed = 900;
  for (int64_t cols : {shortest, 6000 / static_cast<int64_t>(sizeof(T) / 2), longest}) {
    NormOptions o{};
    o.layer = true;
    test_norm<T>(rows, cols, 1, 0, o, ++seed);  // without an affine part
    o.weight = o.beta = true;
    test_norm<T>(rows, cols, 1, 0, o, ++seed);
    o.layer = false;
    o.beta = false;
    o.quantize = o.scaled = true;
    test_norm<T>(rows, cols, 1, 0, o, ++seed);
    NormOptions modulated{};
    modulated.modulation = true;
    test_norm<T>(rows, cols, 1, 0, modulated, ++seed);
    modulated.layer = modulated.quantize = true;
    test_norm<T>(rows, cols, 1, 0, modulated, ++seed);
  }
}

void test_norms() {
  // Lengths on both sides of each choice the launcher makes: group of 16, of 32, a block; cached and recomputed; odd, so not vectorised.
  const int64_t lengths[] = {1, 2, 7, 8, 64, 111, 128, 130, 256, 264, 1000, 1024, 2048, 2049, 4104, 8192, 8200, 16384, 16392, 20000};
  std::mt19937 generator(7);
  unsigned seed = 100;
  for (int64_t cols : lengths)
    for (int repeat = 0; repeat < 6; ++repeat) {
      const unsigned bits = generator();
      const auto flag = [&](int b) { return (bits >> b & 1) != 0; };
      const NormOptions o{flag(0), flag(1), flag(2), flag(3), flag(4), flag(5), flag(6), flag(7), flag(8), flag(9), flag(10), flag(11)};
      const int64_t vectors = flag(12) ? 1 : 3, rows = vectors * (1 + bits % 5) * (cols <= 128 && flag(13) ? 401 : 1), lead = flag(14) ? 0 : 1;
      test_norm<Float16>(rows, cols, vectors, lead, o, ++seed);
      test_norm<BFloat16>(rows, cols, vectors, lead, o, ++seed);
      test_norm<float>(rows, cols, vectors, lead, o, ++seed);
    }
  test_long_norms<Float16>();
  test_long_norms<BFloat16>();
  test_long_norms<float>();
}

/// So many heads that a group of threads takes several; their numbers are no multiple of that, and the last block ends within a head.
void test_long_rope(RopeStyle style, bool in_place) {
  constexpr int64_t kTokens = 4230, kHeadDim = 64, kRotary = 48, kQueryHeads = 33, kCopied = 30 * kHeadDim + 32, kWidth = kQueryHeads * kHeadDim + kCopied;
  const std::string what = std::string("rope_heads ") + (style == RopeStyle::interleaved ? "interleaved" : "rotate_half") + (in_place ? " in place" : "");
  const Mirror<Float16> x(random_values<Float16>(kTokens * kWidth, 11)), y(std::vector<Float16>(kTokens * kWidth));
  const Mirror<Float16> cosines(random_values<Float16>(kTokens * kRotary / 2, 12)), sines(random_values<Float16>(kTokens * kRotary / 2, 13));
  std::vector<Float16> host_y(x.host);
  const auto fill = [&](bool on_device) {
    RopeHeadsArgs a;
    a.dtype = DType::f16;
    a.style = style;
    a.batches = 1;
    a.tokens = kTokens;
    a.head_dim = kHeadDim;
    a.rotary_dim = kRotary;
    a.table = {on_device ? cosines.device() : cosines.host.data(), on_device ? sines.device() : sines.host.data(), 1, kRotary / 2};
    a.block_count = 2;
    for (int k = 0; k < 2; ++k) {
      HeadBlock& block = a.blocks[k];
      const int64_t start = k == 0 ? 0 : kQueryHeads * kHeadDim;
      block.from = (on_device ? x.device() : x.host.data()) + start;
      block.to = (!on_device ? host_y.data() : in_place ? x.device() : y.device()) + start;
      block.from_at = block.to_at = {kTokens * kWidth, kWidth, kHeadDim};
      block.width = k == 0 ? kQueryHeads * kHeadDim : kCopied;
      block.rotated = k == 0;
    }
    return a;
  };
  rope_heads_cpu(fill(false), {});
  rope_heads_cuda(fill(true), cudaStreamPerThread);
  check_cuda(cudaDeviceSynchronize(), "rope_heads");
  // Differences of products: the error scales with the operands, which reach 5, not with the result.
  expect_close((in_place ? x : y).fetch(what), host_y, what, 1e-3f);
}

/// D = A B + C, rounded once, whether D has a buffer of its own or overwrites C.
void test_product_in_place(int64_t m, int64_t n, int64_t k, bool with_bias) {
  const std::string what = "gemm " + std::to_string(m) + "x" + std::to_string(n) + "x" + std::to_string(k) + (with_bias ? " with bias" : "");
  const Mirror<Float16> a(random_values<Float16>(m * k, 21)), b(random_values<Float16>(k * n, 22)), c(random_values<Float16>(m * n, 23)), bias(random_values<Float16>(n, 24));
  const Mirror<Float16> separate(std::vector<Float16>(m * n)), in_place(c.host);
  for (bool aliased : {false, true}) {
    GemmArgs g;
    g.a_type = g.b_type = DType::f16;
    g.m = m;
    g.n = n;
    g.k = k;
    g.a = a.device();
    g.b = b.device();
    g.epilogue.dtype = DType::f16;
    g.epilogue.bias = with_bias ? bias.device() : nullptr;
    g.epilogue.c = aliased ? in_place.device() : c.device();
    g.epilogue.d = aliased ? in_place.device() : separate.device();
    const Mirror<uint8_t> scratch(std::vector<uint8_t>(plan_gemm(g) + 256));
    g.scratch = scratch.device();
    gemm_cuda(g, cudaStreamPerThread);
    check_cuda(cudaDeviceSynchronize(), "gemm");
  }
  const auto apart = separate.fetch(what), over = in_place.fetch(what);
  double worst_apart = 0, worst_over = 0;
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) {
      double sum = to_float(c.host[i * n + j]) + (with_bias ? static_cast<double>(to_float(bias.host[j])) : 0.0);
      for (int64_t p = 0; p < k; ++p) sum += static_cast<double>(to_float(a.host[i * k + p])) * to_float(b.host[p * n + j]);
      double size = std::fabs(sum);  // where terms cancel, float32's noise is more than a step of the result
      for (int64_t p = 0; p < k; ++p) size = std::max(size, std::fabs(static_cast<double>(to_float(a.host[i * k + p])) * to_float(b.host[p * n + j])) * std::sqrt(static_cast<double>(k)) / 64);
      const double unit = std::ldexp(1.0, std::max(std::ilogb(size), -14) - 10);  // between neighbouring float16 numbers
      worst_apart = std::max(worst_apart, std::fabs(to_float(apart[i * n + j]) - sum) / unit);
      worst_over = std::max(worst_over, std::fabs(to_float(over[i * n + j]) - sum) / unit);
    }
  const bool once = worst_apart < 0.75 && worst_over < 0.75;
  expect(once, what + ": off by " + std::to_string(worst_apart) + " units of the last place, in place by " + std::to_string(worst_over));
}

}  // namespace
}  // namespace flashrt::test

int main() {
  using namespace flashrt;
  using namespace flashrt::test;
  test_conversions<Float16, uint16_t>("float16", 65536);
  test_conversions<BFloat16, uint16_t>("bfloat16", 65536);
  test_conversions<Float8E4M3, uint8_t>("float8e4m3fn", 256);
  test_reductions();
  test_norms();
  for (RopeStyle style : {RopeStyle::rotate_half, RopeStyle::interleaved})
    for (bool in_place : {false, true}) test_long_rope(style, in_place);
  for (bool with_bias : {false, true}) {
    test_product_in_place(6, 16, 32, with_bias);
    test_product_in_place(16, 48, 64, with_bias);
    test_product_in_place(50, 1024, 512, with_bias);
  }
  std::printf("kernel_test: %d checks, %d failed\n", g_checks, g_failures);
  return g_failures == 0 ? 0 : 1;
}
