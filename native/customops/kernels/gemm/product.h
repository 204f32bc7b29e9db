// The cuBLASLt descriptors of one product.
#pragma once

#include "kernels/gemm/runner.h"

namespace flashrt {

/// cuBLASLt is column-major: it gets d^T = b^T @ a^T, so its first operand is our b, and a bias along n runs along its rows.
class Descriptors {
 public:
  Descriptors(const CublasLt& library, const Product& product, const ProductData& data);
  ~Descriptors();
  Descriptors(const Descriptors&) = delete;
  Descriptors& operator=(const Descriptors&) = delete;

  cublasLtMatmulDesc_t operation = nullptr;
  cublasLtMatrixLayout_t b = nullptr, a = nullptr, d = nullptr;

 private:
  void create();
  void release();
  void create_layout(cublasLtMatrixLayout_t& layout, cudaDataType_t type, int64_t rows, int64_t columns, int64_t pitch);
  template <typename Value>
  void set(cublasLtMatmulDescAttributes_t attribute, const Value& value);

  const CublasLt& library_;
  const Product& product_;
  const ProductData& data_;
};

/// Up to `most` algorithms for the product, the most promising first; empty when cuBLASLt refuses it.
int find_algorithms(const CublasLt& library, cublasLtHandle_t handle, const Product& product, const ProductData& data,
                    cublasLtMatmulHeuristicResult_t* results, int most);

/// Largest power of two up to 16 that divides the address. No kernel of cuBLASLt asks for more, and telling it more would let the choice of
/// algorithm, and with it the last bit of the result, depend on where a buffer happens to lie.
uint32_t alignment_of(const void* pointer);

}  // namespace flashrt
