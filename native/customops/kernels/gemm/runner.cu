#include "kernels/gemm/runner.h"

#include <cstring>
#include <sstream>
#include <vector>

#include "kernels/core/device.h"
#include "kernels/core/launch.cuh"
#include "kernels/gemm/product.h"

namespace flashrt {
namespace {

constexpr int kCandidates = 16, kWarmUps = 3, kTimedRuns = 10;

struct Event {
  Event() { check_cuda(cudaEventCreate(&event), "cudaEventCreate"); }
  ~Event() { cudaEventDestroy(event); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  cudaEvent_t event = nullptr;
};

std::string to_hex(const cublasLtMatmulAlgo_t& algo) {
  unsigned char bytes[sizeof algo];
  std::memcpy(bytes, &algo, sizeof algo);
  std::string text;
  for (unsigned char byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

bool from_hex(const std::string& text, cublasLtMatmulAlgo_t& algo) {
  unsigned char bytes[sizeof algo];
  if (text.size() != 2 * sizeof algo) return false;
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (size_t i = 0; i < sizeof algo; ++i) bytes[i] = static_cast<unsigned char>(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
  std::memcpy(&algo, bytes, sizeof algo);
  return true;
}

}  // namespace

GemmRunner::GemmRunner() {
  int device = 0;
  check_cuda(cudaGetDevice(&device), "cudaGetDevice");
  cudaDeviceProp properties;
  check_cuda(cudaGetDeviceProperties(&properties, device), "cudaGetDeviceProperties");
  gpu_ = properties.name;
  capability_ = 10 * properties.major + properties.minor;
  library_ = load_cublaslt(&why_not_);
  if (library_ == nullptr) return;
  const cublasStatus_t status = library_->create(&handle_);
  if (status == CUBLAS_STATUS_SUCCESS) return;
  why_not_ = library_->path + " cannot run on device " + std::to_string(device) + ": cublasLtCreate says " + library_->status_string(status) +
             ". Install the cuBLAS release that fits the driver";
  library_ = nullptr;
}

GemmRunner& GemmRunner::current() {
  int device = 0;
  check_cuda(cudaGetDevice(&device), "cudaGetDevice");
  // Kept until the process ends: the driver may be gone before static objects are destroyed.
  static std::mutex mutex;
  static auto& runners = *new std::vector<std::unique_ptr<GemmRunner>>;
  const std::lock_guard<std::mutex> lock(mutex);
  if (runners.size() <= static_cast<size_t>(device)) runners.resize(static_cast<size_t>(device) + 1);
  auto& runner = runners[static_cast<size_t>(device)];
  if (runner == nullptr) runner.reset(new GemmRunner);
  return *runner;
}

GemmRunner::Key GemmRunner::key_of(const Product& p, const ProductData& d) {
  return {p.operand, p.output, p.m, p.n, p.k, p.transposed_b, p.scaled + 2 * p.block_scaled, p.bias, p.gelu, p.add_c,
          alignment_of(d.a), alignment_of(d.b), alignment_of(p.add_c ? d.c : d.d), alignment_of(d.d)};
}

std::optional<Algorithm> GemmRunner::find(const Product& product, const ProductData& data) {
  if (library_ == nullptr) return std::nullopt;
  const Key key = key_of(product, data);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = entries_.find(key);
    if (found != entries_.end()) return found->second;
  }
  cublasLtMatmulHeuristicResult_t result;
  std::optional<Algorithm> algorithm;
  if (find_algorithms(*library_, handle_, product, data, &result, 1) > 0) algorithm = Algorithm{result.algo, result.workspaceSize, false};
  const std::lock_guard<std::mutex> lock(mutex_);
  return entries_.emplace(key, algorithm).first->second;
}

cublasStatus_t GemmRunner::launch(const Product& product, const ProductData& data, const Algorithm& algorithm, void* workspace,
                                  cudaStream_t stream) const {
  const Descriptors descriptors(*library_, product, data);
  const bool integer = product.operand == CUDA_R_8I;
  const int32_t one = 1, zero = 0;
  const float beta = product.add_c ? data.beta : 0.0f;
  const void* alpha_at = integer ? static_cast<const void*>(&one) : &data.alpha;
  const void* beta_at = integer ? static_cast<const void*>(&zero) : &beta;
  return library_->matmul(handle_, descriptors.operation, alpha_at, data.b, descriptors.b, data.a, descriptors.a, beta_at,
                          product.add_c ? data.c : data.d, descriptors.d, data.d, descriptors.d, &algorithm.algo, workspace, algorithm.workspace,
                          stream);
}

void GemmRunner::run(const Product& product, const ProductData& data, const Algorithm& algorithm, void* workspace, cudaStream_t stream) const {
  library_->check_status(launch(product, data, algorithm, workspace, stream), "cublasLtMatmul");
}

Algorithm GemmRunner::tune(const Product& product, const ProductData& data, const ProductData& trial, void* workspace, cudaStream_t stream) {
  check(library_ != nullptr, "autotune needs cuBLASLt. ", why_not_);
  const std::lock_guard<std::mutex> tuning(tuning_);
  const Key key = key_of(product, data);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = entries_.find(key);
    if (found != entries_.end() && found->second && found->second->tuned) return *found->second;
  }
  if (disk_ == nullptr) disk_ = std::make_unique<AutotuneCache>(AutotuneCache::default_path(gpu_), gpu_, library_->version);
  std::ostringstream name;
  for (size_t i = 0; i < key.size(); ++i) name << (i == 0 ? "" : " ") << key[i];

  std::optional<Algorithm> best;
  if (const auto stored = disk_->find(name.str())) {
    Algorithm candidate{{}, stored->workspace, true};
    cublasLtMatmulHeuristicResult_t result;
    const Descriptors descriptors(*library_, product, data);
    if (from_hex(stored->algorithm, candidate.algo) && candidate.workspace <= kWorkspaceLimit &&
        library_->algo_check(handle_, descriptors.operation, descriptors.b, descriptors.a, descriptors.d, descriptors.d, &candidate.algo, &result) ==
            CUBLAS_STATUS_SUCCESS && result.workspaceSize <= candidate.workspace)
      best = candidate;
  }
  if (!best) {
    double microseconds = 0;
    best = measure(product, data, trial, workspace, stream, microseconds);
    check(best.has_value(), "autotune: none of cuBLASLt's algorithms ran for ", name.str());
    disk_->store(name.str(), {to_hex(best->algo), best->workspace, microseconds});
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  entries_[key] = best;
  ++tuned_;
  return *best;
}

std::optional<Algorithm> GemmRunner::measure(const Product& product, const ProductData& data, const ProductData& trial, void* workspace,
                                             cudaStream_t stream, double& microseconds) const {
  cublasLtMatmulHeuristicResult_t results[kCandidates];
  const int candidates = find_algorithms(*library_, handle_, product, data, results, kCandidates);
  const Event start, stop;
  std::optional<Algorithm> best;
  for (int i = 0; i < candidates; ++i) {
    const Algorithm candidate{results[i].algo, results[i].workspaceSize, true};
    bool runs = true;  // the heuristic also proposes algorithms that then refuse; they are left out
    for (int r = 0; r < kWarmUps; ++r) runs = runs && launch(product, trial, candidate, workspace, stream) == CUBLAS_STATUS_SUCCESS;
    if (!runs) continue;
    check_cuda(cudaEventRecord(start.event, stream), "cudaEventRecord");
    for (int r = 0; r < kTimedRuns; ++r) run(product, trial, candidate, workspace, stream);
    check_cuda(cudaEventRecord(stop.event, stream), "cudaEventRecord");
    check_cuda(cudaEventSynchronize(stop.event), "cudaEventSynchronize");
    float milliseconds = 0;
    check_cuda(cudaEventElapsedTime(&milliseconds, start.event, stop.event), "cudaEventElapsedTime");
    const double each = 1000.0 * milliseconds / kTimedRuns;
    if (best && each >= microseconds) continue;
    best = candidate;
    microseconds = each;
  }
  return best;
}

size_t GemmRunner::cached() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return entries_.size();
}

size_t GemmRunner::tuned() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return tuned_;
}

}  // namespace flashrt
