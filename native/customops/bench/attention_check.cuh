// Compares the CUDA attention kernels with the CPU reference: awkward shapes, every tile, several numbers of key shares.
#pragma once

#include <atomic>
#include <limits>
#include <thread>

#include "bench/bench.cuh"
#include "kernels/attention/launchers.h"

namespace flashrt::bench {

/// Parallel's `run` on all cores.
inline void run_on_threads(void*, int64_t chunks, void (*chunk)(void*, int64_t), void* body) {
  std::atomic<int64_t> next{0};
  const auto work = [&] {
    for (int64_t i = next++; i < chunks; i = next++) chunk(body, i);
  };
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < std::max(1u, std::thread::hardware_concurrency()); ++t) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
}

inline DeviceLimits device_limits() {
  const auto attribute = [](cudaDeviceAttr which) {
    int value = 0;
    check_cuda(cudaDeviceGetAttribute(&value, which, 0), "cudaDeviceGetAttribute");
    return value;
  };
  return {attribute(cudaDevAttrMultiProcessorCount), attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin),
          attribute(cudaDevAttrMaxSharedMemoryPerMultiprocessor)};
}

/// How a bias or mask spreads over [B, H, Sq, Skv].
enum class Spread { none, full, queries_keys, batch_keys, heads_queries };

struct AttentionCase {
  int64_t batch, heads, kv_heads, queries, keys, head_dim;
  int64_t value_dim = 0;  // 0: head_dim
  bool causal = false;
  int64_t window = -1;
  float softcap = 0;
  Spread bias = Spread::none, mask = Spread::none;
  bool sink = false, heads_first = false, packed = false;
  int64_t valid = -1, first_row = -1;  // kv_length and first_row_length, when not negative
  int64_t unaligned = 0;               // elements by which every tensor misses 16-byte alignment

  std::string text() const {
    char line[200];
    std::snprintf(line, sizeof line, "B%ld H%ld/%ld Sq%ld Skv%ld D%ld/%ld%s%s%s w%ld cap%g bias%d mask%d%s kv%ld first%ld%s", batch, heads, kv_heads,
                  queries, keys, head_dim, value_dim ? value_dim : head_dim, causal ? " causal" : "", heads_first ? " BNSH" : "",
                  packed ? " packed" : "", window, softcap, static_cast<int>(bias), static_cast<int>(mask), sink ? " sink" : "", valid, first_row,
                  unaligned ? " unaligned" : "");
    return line;
  }
};

/// A tensor on both sides.
template <typename T>
struct Mirror {
  std::vector<T> host;
  std::unique_ptr<T, FreeDevice> device;

  explicit Mirror(int64_t count) : host(static_cast<size_t>(count)) {
    void* raw = nullptr;
    check_cuda(cudaMalloc(&raw, std::max<size_t>(1, host.size()) * sizeof(T)), "cudaMalloc");
    device.reset(static_cast<T*>(raw));
  }
  void upload() { check_cuda(cudaMemcpy(device.get(), host.data(), host.size() * sizeof(T), cudaMemcpyHostToDevice), "upload"); }
  std::vector<T> download() const {
    std::vector<T> copy(host.size());
    check_cuda(cudaMemcpy(copy.data(), device.get(), copy.size() * sizeof(T), cudaMemcpyDeviceToHost), "download");
    return copy;
  }
};

template <typename T>
class AttentionChecker {
 public:
  AttentionChecker(const AttentionCase& c, unsigned seed) : c_(c), generator_(seed) {
    host_.dtype = DTypeOf<T>::value;
    host_.batch = c.batch;
    host_.heads = c.heads;
    host_.kv_heads = c.kv_heads;
    host_.queries = c.queries;
    host_.keys = c.keys;
    host_.head_dim = c.head_dim;
    host_.value_dim = c.value_dim ? c.value_dim : c.head_dim;
    host_.scale = 1.0f / std::sqrt(static_cast<float>(c.head_dim));
    host_.softcap = c.softcap;
    host_.causal = c.causal;
    host_.window = c.window;
    device_ = host_;
    set_tensors();
    set_scores();
    set_lengths();
  }

  /// Runs every plan; returns the worst errors in units of the tolerance and the plan that made them.
  bool run(const DeviceLimits& limits, std::string& report) {
    attention_cpu(host_, Parallel{nullptr, run_on_threads});
    const AttentionPlan chosen = plan_attention(device_, limits);
    std::vector<AttentionPlan> plans{chosen};
    for (int splits : {1, 2, 3, 7}) {
      plans.push_back({0, 0, splits});
      const auto tiles = tiles_of(chosen.dim);
      for (size_t t = 0; chosen.dim != 0 && t < tiles.size(); ++t)
        if (tiles[t].shape.shared_bytes(chosen.dim) <= limits.block_shared_bytes) plans.push_back({chosen.dim, static_cast<int>(t), splits});
    }
    double worst = 0, worst_lse = 0;
    AttentionPlan worst_plan = chosen;
    for (const AttentionPlan& plan : plans) {
      const auto [error, lse_error] = compare(plan);
      if (!(error <= worst && lse_error <= worst_lse)) worst_plan = plan;
      worst = error > worst || std::isnan(error) ? error : worst;
      worst_lse = lse_error > worst_lse || std::isnan(lse_error) ? lse_error : worst_lse;
    }
    const double tolerance = sizeof(T) == 4 ? 2e-5 : host_.dtype == DType::f16 ? 3e-3 : 2.5e-2, lse_tolerance = 2e-4 * (1 + c_.softcap);
    const bool pass = worst <= tolerance && worst_lse <= lse_tolerance;
    char line[320];
    std::snprintf(line, sizeof line, "%s %-8s O %.2e lse %.2e (%zu plans, worst: dim %d tile %d splits %d) %s", pass ? "ok  " : "FAIL",
                  name_of(host_.dtype), worst, worst_lse, plans.size(), worst_plan.dim, worst_plan.tile, worst_plan.splits, c_.text().c_str());
    report = line;
    return pass;
  }

 private:
  static constexpr int64_t kGuard = 64;  // elements behind an output that must stay as they are

  template <typename U>
  std::unique_ptr<Mirror<U>> randoms(int64_t count) {
    auto mirror = std::make_unique<Mirror<U>>(count + c_.unaligned);
    std::normal_distribution<float> normal;
    for (U& value : mirror->host) value = from_float<U>(normal(generator_));
    return mirror;
  }

  AttentionStrides strides(int64_t heads, int64_t tokens, int64_t dim) const {
    return c_.heads_first ? AttentionStrides{heads * tokens * dim, dim, tokens * dim} : AttentionStrides{heads * tokens * dim, heads * dim, dim};
  }

  void set_tensors() {
    const int64_t b = c_.batch, d = c_.head_dim, dv = host_.value_dim, at = c_.unaligned;
    if (c_.packed) {
      const int64_t width = (c_.heads + 2 * c_.kv_heads) * d;
      q_ = randoms<T>(b * c_.queries * width);
      host_.q_strides = host_.k_strides = host_.v_strides = {c_.queries * width, width, d};
      place(q_, [&](AttentionArgs& a, T* data) {
        a.q = data + at;
        a.k = data + at + c_.heads * d;
        a.v = data + at + (c_.heads + c_.kv_heads) * d;
      });
    } else {
      q_ = randoms<T>(b * c_.queries * c_.heads * d);
      k_ = randoms<T>(b * c_.keys * c_.kv_heads * d);
      v_ = randoms<T>(b * c_.keys * c_.kv_heads * dv);
      host_.q_strides = strides(c_.heads, c_.queries, d);
      host_.k_strides = strides(c_.kv_heads, c_.keys, d);
      host_.v_strides = strides(c_.kv_heads, c_.keys, dv);
      if (c_.valid >= 0) spoil_cache();
      place(q_, [&](AttentionArgs& a, T* data) { a.q = data + at; });
      place(k_, [&](AttentionArgs& a, T* data) { a.k = data + at; });
      place(v_, [&](AttentionArgs& a, T* data) { a.v = data + at; });
    }
    o_ = std::make_unique<Mirror<T>>(b * c_.queries * c_.heads * dv + at + kGuard);
    lse_ = std::make_unique<Mirror<float>>(b * c_.heads * c_.queries + kGuard);
    host_.o_strides = strides(c_.heads, c_.queries, dv);
    poison();
    place(o_, [&](AttentionArgs& a, T* data) { a.o = data + at; });
    place(lse_, [&](AttentionArgs& a, float* data) { a.lse = data; });
    device_.q_strides = host_.q_strides;
    device_.k_strides = host_.k_strides;
    device_.v_strides = host_.v_strides;
    device_.o_strides = host_.o_strides;
    if (c_.sink) {
      sink_ = randoms<T>(c_.heads);
      place(sink_, [&](AttentionArgs& a, T* data) { a.sink = data; });
    }
  }

  /// Uploads and tells both argument sets where the data is.
  template <typename U, typename Set>
  void place(std::unique_ptr<Mirror<U>>& mirror, const Set& set) {
    mirror->upload();
    set(host_, mirror->host.data());
    set(device_, mirror->device.get());
  }

  int64_t valid_of(int64_t batch) const { return std::clamp<int64_t>(c_.valid - 3 * batch, 0, c_.keys); }

  /// What lies past the valid keys is NaN.
  void spoil_cache() {
    for (int64_t b = 0; b < c_.batch; ++b)
      for (int64_t h = 0; h < c_.kv_heads; ++h)
        for (int64_t key = valid_of(b); key < c_.keys; ++key) {
          T* k = k_->host.data() + c_.unaligned + b * host_.k_strides.batch + key * host_.k_strides.row + h * host_.k_strides.head;
          T* v = v_->host.data() + c_.unaligned + b * host_.v_strides.batch + key * host_.v_strides.row + h * host_.v_strides.head;
          std::fill(k, k + c_.head_dim, from_float<T>(NAN));
          std::fill(v, v + host_.value_dim, from_float<T>(NAN));
        }
  }

  int64_t spread(Spread kind, ScoreStrides& s) const {
    const int64_t scores = c_.queries * c_.keys;
    switch (kind) {
      case Spread::full: s = {c_.heads * scores, scores, c_.keys, 1}; return c_.batch * c_.heads * scores;
      case Spread::queries_keys: s = {0, 0, c_.keys, 1}; return scores;
      case Spread::batch_keys: s = {c_.keys, 0, 0, 1}; return c_.batch * c_.keys;
      default: s = {0, c_.queries, 1, 0}; return c_.heads * c_.queries;
    }
  }

  void set_scores() {
    std::uniform_int_distribution<int> dice(0, 9);
    if (c_.bias != Spread::none) {
      bias_ = randoms<T>(spread(c_.bias, host_.bias_strides));
      const float lowest = host_.dtype == DType::f16 ? -65504.0f : host_.dtype == DType::bf16 ? -3.3895e38f : -3.4028e38f;
      for (T& value : bias_->host) {
        const int roll = dice(generator_);
        if (roll == 0) value = from_float<T>(-INFINITY);
        if (roll == 1 && c_.bias != Spread::heads_queries) value = from_float<T>(lowest);
      }
      place(bias_, [&](AttentionArgs& a, T* data) { a.bias = data; });
      device_.bias_strides = host_.bias_strides;
    }
    if (c_.mask != Spread::none) {
      mask_ = std::make_unique<Mirror<uint8_t>>(spread(c_.mask, host_.mask_strides));
      for (uint8_t& value : mask_->host) value = dice(generator_) > 2;
      place(mask_, [&](AttentionArgs& a, uint8_t* data) { a.mask = data; });
      device_.mask_strides = host_.mask_strides;
    }
  }

  void set_lengths() {
    if (c_.valid >= 0) {
      lengths_ = std::make_unique<Mirror<int64_t>>(c_.batch);
      for (int64_t b = 0; b < c_.batch; ++b) lengths_->host[static_cast<size_t>(b)] = valid_of(b);
      place(lengths_, [&](AttentionArgs& a, int64_t* data) { a.kv_length = data; });
      host_.kv_length_stride = device_.kv_length_stride = 1;
    }
    if (c_.first_row >= 0) {
      first_ = std::make_unique<Mirror<int64_t>>(1);
      first_->host[0] = c_.first_row;
      place(first_, [&](AttentionArgs& a, int64_t* data) { a.first_row_length = data; });
    }
  }

  void poison() {
    check_cuda(cudaMemset(o_->device.get(), 0xFF, o_->host.size() * sizeof(T)), "poison");
    check_cuda(cudaMemset(lse_->device.get(), 0xFF, lse_->host.size() * sizeof(float)), "poison");
  }

  std::pair<double, double> compare(const AttentionPlan& plan) {
    poison();
    Mirror<unsigned char> scratch(scratch_bytes_of(device_, plan));
    check_cuda(cudaMemset(scratch.device.get(), 0xFF, scratch.host.size()), "poison");
    device_.scratch = scratch.device.get();
    attention_planned(device_, plan, nullptr);
    check_cuda(cudaDeviceSynchronize(), c_.text().c_str());
    const std::vector<T> o = o_->download();
    const std::vector<float> lse = lse_->download();
    constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
    double error = 0, lse_error = 0;
    for (size_t i = static_cast<size_t>(c_.unaligned); i + kGuard < o.size(); ++i) {
      const double e = std::abs(static_cast<double>(to_float(o[i])) - to_float(o_->host[i]));
      if (!(e <= error)) error = e;
      if (std::isnan(error)) break;
    }
    for (size_t i = 0; i + kGuard < lse.size(); ++i) {
      if (lse[i] == lse_->host[i] || (lse[i] < -1e30f && std::isfinite(lse[i]) && lse_->host[i] < -1e30f)) continue;  // lowest biases: no scale there
      const double e = std::abs(static_cast<double>(lse[i]) - lse_->host[i]);
      if (!(e <= lse_error)) lse_error = e;
      if (std::isnan(lse_error)) break;
    }
    for (size_t i = o.size() - kGuard; i < o.size(); ++i)
      if (!std::isnan(to_float(o[i]))) error = kNaN;
    for (size_t i = lse.size() - kGuard; i < lse.size(); ++i)
      if (!std::isnan(lse[i])) lse_error = kNaN;
    return {error, lse_error};
  }

  AttentionCase c_;
  std::mt19937 generator_;
  AttentionArgs host_, device_;
  std::unique_ptr<Mirror<T>> q_, k_, v_, o_, bias_, sink_;
  std::unique_ptr<Mirror<uint8_t>> mask_;
  std::unique_ptr<Mirror<float>> lse_;
  std::unique_ptr<Mirror<int64_t>> lengths_, first_;
};

inline std::vector<AttentionCase> check_cases(int random_cases) {
  using enum Spread;
  std::vector<AttentionCase> cases = {
      {.batch = 1, .heads = 8, .kv_heads = 1, .queries = 70, .keys = 333, .head_dim = 256},                                   // T01 T02
      {.batch = 1, .heads = 8, .kv_heads = 1, .queries = 51, .keys = 763, .head_dim = 256, .first_row = 713},                 // T03
      {.batch = 1, .heads = 32, .kv_heads = 32, .queries = 51, .keys = 77, .head_dim = 48},                                   // T04
      {.batch = 2, .heads = 16, .kv_heads = 16, .queries = 256, .keys = 256, .head_dim = 72, .packed = true},                 // T05 T06b
      {.batch = 3, .heads = 32, .kv_heads = 8, .queries = 33, .keys = 1500, .head_dim = 128},                                 // T09 T10
      {.batch = 1, .heads = 32, .kv_heads = 8, .queries = 1, .keys = 1025, .head_dim = 128},
      {.batch = 2, .heads = 8, .kv_heads = 2, .queries = 1, .keys = 3000, .head_dim = 128, .heads_first = true, .valid = 1777},
      {.batch = 1, .heads = 4, .kv_heads = 2, .queries = 300, .keys = 300, .head_dim = 128, .causal = true},
      {.batch = 1, .heads = 4, .kv_heads = 4, .queries = 100, .keys = 613, .head_dim = 64, .causal = true, .sink = true},
      {.batch = 2, .heads = 4, .kv_heads = 1, .queries = 129, .keys = 65, .head_dim = 96, .causal = true},                    // rows without keys
      {.batch = 1, .heads = 4, .kv_heads = 2, .queries = 500, .keys = 500, .head_dim = 128, .causal = true, .window = 100},
      {.batch = 2, .heads = 4, .kv_heads = 2, .queries = 60, .keys = 200, .head_dim = 80, .window = 31, .softcap = 20},
      {.batch = 2, .heads = 4, .kv_heads = 2, .queries = 60, .keys = 200, .head_dim = 256, .softcap = 50, .bias = queries_keys},
      {.batch = 2, .heads = 4, .kv_heads = 2, .queries = 90, .keys = 130, .head_dim = 128, .bias = full, .mask = batch_keys},
      {.batch = 2, .heads = 4, .kv_heads = 4, .queries = 64, .keys = 64, .head_dim = 64, .bias = heads_queries, .mask = full, .sink = true},
      {.batch = 1, .heads = 2, .kv_heads = 2, .queries = 5, .keys = 0, .head_dim = 64, .sink = true},
      {.batch = 1, .heads = 2, .kv_heads = 1, .queries = 1, .keys = 1, .head_dim = 8},
      {.batch = 2, .heads = 4, .kv_heads = 2, .queries = 40, .keys = 90, .head_dim = 128, .unaligned = 1},
      {.batch = 1, .heads = 2, .kv_heads = 1, .queries = 20, .keys = 100, .head_dim = 333, .value_dim = 600},
  };
  std::mt19937 generator(11);
  const auto pick = [&](std::initializer_list<int64_t> values) { return values.begin()[generator() % values.size()]; };
  const auto kind = [&](unsigned odds) { return generator() % odds == 0 ? static_cast<Spread>(1 + generator() % 4) : none; };
  for (int i = 0; i < random_cases; ++i) {
    AttentionCase c{.batch = pick({1, 1, 2, 3}), .heads = 0, .kv_heads = pick({1, 2, 3, 8}), .queries = pick({1, 1, 2, 7, 16, 33, 65, 130, 257}),
                    .keys = pick({1, 3, 15, 16, 63, 64, 65, 129, 257, 700, 1025}), .head_dim = pick({8, 33, 40, 48, 56, 64, 72, 80, 96, 104, 128, 160, 256})};
    c.heads = c.kv_heads * pick({1, 2, 3, 4, 8});
    c.causal = generator() % 3 == 0;
    c.window = generator() % 4 == 0 ? static_cast<int64_t>(generator() % 200) : -1;
    c.softcap = generator() % 5 == 0 ? 10.0f : 0.0f;
    c.bias = kind(3);
    c.mask = kind(4);
    c.sink = generator() % 4 == 0;
    c.heads_first = generator() % 2 == 0;
    c.valid = generator() % 3 == 0 ? static_cast<int64_t>(generator() % (c.keys + 2)) : -1;
    c.first_row = generator() % 5 == 0 ? static_cast<int64_t>(generator() % (c.keys + 1)) : -1;
    if (generator() % 5 == 0) {
      c.packed = true;
      c.keys = c.queries;
      c.valid = -1;
    } else if (generator() % 8 == 0) {
      c.value_dim = pick({1, 24, 100});
    }
    cases.push_back(c);
  }
  return cases;
}

/// Number of failures; a line for each case and type.
inline int check_attention(int random_cases) {
  const DeviceLimits limits = device_limits();
  int failures = 0, runs = 0;
  for (const AttentionCase& c : check_cases(random_cases)) {
    const auto check_type = [&](auto tag) {
      std::string report;
      AttentionChecker<typename decltype(tag)::type> checker(c, static_cast<unsigned>(++runs));
      if (!checker.run(limits, report)) ++failures;
      std::printf("%s\n", report.c_str());
      std::fflush(stdout);
    };
    check_type(Tag<Float16>{});
    check_type(Tag<BFloat16>{});
    check_type(Tag<float>{});
  }
  std::printf("attention check: %d of %d failed\n\n", failures, runs);
  return failures;
}

}  // namespace flashrt::bench
