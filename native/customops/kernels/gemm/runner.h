// cuBLASLt products: descriptors, the cache of algorithms, autotuning. (Catalog rows G01, C02.)
#pragma once

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "kernels/gemm/autotune_cache.h"
#include "kernels/gemm/cublaslt.h"

namespace flashrt {

/// d = epilogue(alpha * a_scale * b_scale * a @ b + beta * c), row-major, as far as cuBLASLt computes it in one call.
struct Product {
  cudaDataType_t operand, output;
  int64_t m, n, k;
  bool transposed_b;   // b is [n, k]
  bool scaled;         // one device float for each operand (FP8)
  bool block_scaled;   // swizzled block scales for each operand (NVFP4)
  bool bias, gelu;     // gelu is the tanh form
  bool add_c;
};

struct ProductData {
  const void *a = nullptr, *b = nullptr, *c = nullptr, *bias = nullptr;
  const void *a_scale = nullptr, *b_scale = nullptr;  // floats, or block scales
  void* d = nullptr;
  float alpha = 1, beta = 0;
};

struct Algorithm {
  cublasLtMatmulAlgo_t algo;
  size_t workspace;  // bytes of scratch memory it takes
  bool tuned;
};

/// One for each device of the process. The caches are guarded; products run without a lock, since they use only what the caller gives
/// them (workspace included), so streams and threads do not disturb each other.
class GemmRunner {
 public:
  /// Most scratch memory that a product may take: what NVIDIA recommends for Hopper, enough for split-K.
  static constexpr size_t kWorkspaceLimit = size_t{32} << 20;

  static GemmRunner& current();

  int compute_capability() const { return capability_; }  // 10 * major + minor
  const CublasLt* library() const { return library_; }    // null without cuBLASLt
  const std::string& why_no_library() const { return why_not_; }

  /// What to run the product with: the tuned algorithm, or the heuristic's first. No value when cuBLASLt is missing or refuses.
  /// Of `data` only alignments and the presence of scales matter. A new product costs a query on the host, after that a map look-up.
  std::optional<Algorithm> find(const Product& product, const ProductData& data);

  void run(const Product& product, const ProductData& data, const Algorithm& algorithm, void* workspace, cudaStream_t stream) const;

  /// Times the candidates on the stream and keeps the fastest, in memory and on disk; takes the answer from disk when it is there.
  /// `trial` is `data` with a d of its own, which the trials overwrite. `workspace` has kWorkspaceLimit bytes. Not during a capture.
  Algorithm tune(const Product& product, const ProductData& data, const ProductData& trial, void* workspace, cudaStream_t stream);

  size_t cached() const;
  size_t tuned() const;

 private:
  using Key = std::array<int64_t, 14>;
  GemmRunner();
  static Key key_of(const Product& product, const ProductData& data);
  cublasStatus_t launch(const Product& product, const ProductData& data, const Algorithm& algorithm, void* workspace, cudaStream_t stream) const;
  std::optional<Algorithm> measure(const Product& product, const ProductData& data, const ProductData& trial, void* workspace,
                                   cudaStream_t stream, double& microseconds) const;

  int capability_ = 0;
  const CublasLt* library_ = nullptr;
  cublasLtHandle_t handle_ = nullptr;
  std::string why_not_, gpu_;
  mutable std::mutex mutex_;  // guards entries_ and tuned_
  std::map<Key, std::optional<Algorithm>> entries_;  // no value: cuBLASLt refuses the product
  size_t tuned_ = 0;
  std::mutex tuning_;  // one product is timed at a time; guards disk_
  std::unique_ptr<AutotuneCache> disk_;
};

}  // namespace flashrt
