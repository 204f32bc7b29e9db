// A minimal frame for device tests: a test is a function in a table; a mismatch prints and fails the program.
#pragma once

#include <cstdio>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "kernels/core/launch.cuh"
#include "kernels/core/vec.cuh"

namespace flashrt::test {

inline int g_failures = 0, g_checks = 0;

/// Counts a check and prints what failed.
inline void expect(bool condition, const std::string& what) {
  ++g_checks;
  if (condition) return;
  ++g_failures;
  if (g_failures <= 50) std::fprintf(stderr, "FAILED: %s\n", what.c_str());
}

/// Host data with a device copy. `lead` unused elements before the data take it off its natural alignment. Guard bytes behind it (and
/// the lead before it) must come back untouched.
template <typename T>
class Mirror {
 public:
  Mirror(std::vector<T> host, int64_t lead = 0) : host(std::move(host)), lead_(lead) {
    check_cuda(cudaMalloc(&raw_, bytes()), "cudaMalloc");
    std::vector<uint8_t> image(bytes(), kGuard);
    if (!this->host.empty()) std::memcpy(image.data() + lead_ * sizeof(T), this->host.data(), this->host.size() * sizeof(T));
    check_cuda(cudaMemcpy(raw_, image.data(), bytes(), cudaMemcpyHostToDevice), "cudaMemcpy");
  }
  ~Mirror() { cudaFree(raw_); }
  Mirror(const Mirror&) = delete;
  Mirror& operator=(const Mirror&) = delete;

  T* device() const { return reinterpret_cast<T*>(raw_) + lead_; }

  /// The device's data; also checks the guards.
  std::vector<T> fetch(const std::string& what) const {
    std::vector<uint8_t> image(bytes());
    check_cuda(cudaMemcpy(image.data(), raw_, bytes(), cudaMemcpyDeviceToHost), "cudaMemcpy");
    bool intact = true;
    for (size_t i = 0; i < lead_ * sizeof(T); ++i) intact = intact && image[i] == kGuard;
    for (size_t i = (lead_ + host.size()) * sizeof(T); i < image.size(); ++i) intact = intact && image[i] == kGuard;
    expect(intact, what + ": wrote outside the tensor");
    std::vector<T> data(host.size());
    if (!data.empty()) std::memcpy(data.data(), image.data() + lead_ * sizeof(T), data.size() * sizeof(T));
    return data;
  }

  std::vector<T> host;

 private:
  static constexpr uint8_t kGuard = 0xA5;
  size_t bytes() const { return (lead_ + host.size()) * sizeof(T) + 64; }
  int64_t lead_;
  uint8_t* raw_ = nullptr;
};

template <typename T>
std::vector<T> random_values(int64_t count, unsigned seed, float deviation = 1.0f) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0.0f, deviation);
  std::vector<T> values(static_cast<size_t>(count));
  for (T& value : values) value = from_float<T>(normal(generator));
  return values;
}

/// Relative tolerance of one rounding to T, times two, and an absolute floor for values near zero.
template <typename T> constexpr float kRelative = 2e-5f;
template <> inline constexpr float kRelative<Float16> = 2e-3f;
template <> inline constexpr float kRelative<BFloat16> = 1.6e-2f;

template <typename T>
void expect_close(const std::vector<T>& actual, const std::vector<T>& expected, const std::string& what, float absolute = 1e-5f) {
  for (size_t i = 0; i < expected.size(); ++i) {
    const float a = to_float(actual[i]), e = to_float(expected[i]);
    const bool same = (std::isnan(a) && std::isnan(e)) || a == e || std::fabs(a - e) <= absolute + kRelative<T> * std::fabs(e);
    if (!same) return expect(false, what + ": element " + std::to_string(i) + " is " + std::to_string(a) + ", expected " + std::to_string(e));
  }
  expect(true, what);
}

/// FP8 results may differ by one code where float32 noise crosses a rounding boundary, and in at most 1% of the elements.
inline void expect_codes(const std::vector<Float8E4M3>& actual, const std::vector<Float8E4M3>& expected, const std::string& what) {
  size_t different = 0;
  const auto order = [](uint8_t code) { return (code & 0x80) != 0 ? -static_cast<int>(code & 0x7F) : static_cast<int>(code); };
  for (size_t i = 0; i < expected.size(); ++i) {
    if (actual[i].bits == expected[i].bits) continue;
    ++different;
    const bool near = std::abs(order(actual[i].bits) - order(expected[i].bits)) <= 1;
    if (!near) return expect(false, what + ": code " + std::to_string(actual[i].bits) + ", expected " + std::to_string(expected[i].bits));
  }
  expect(different * 100 <= expected.size() + 99, what + ": " + std::to_string(different) + " codes differ");
}

}  // namespace flashrt::test
