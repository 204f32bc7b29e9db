#include "kernels/gemm/product.h"

#include <type_traits>

#include "kernels/core/check.h"

namespace flashrt {

Descriptors::Descriptors(const CublasLt& library, const Product& product, const ProductData& data)
    : library_(library), product_(product), data_(data) {
  try {
    create();
  } catch (...) {
    release();
    throw;
  }
}

Descriptors::~Descriptors() { release(); }

void Descriptors::create() {
  const Product& p = product_;
  const bool integer = p.operand == CUDA_R_8I;
  library_.check_status(library_.matmul_desc_create(&operation, integer ? CUBLAS_COMPUTE_32I : CUBLAS_COMPUTE_32F, integer ? CUDA_R_32I : CUDA_R_32F),
                        "cublasLtMatmulDescCreate");
  set(CUBLASLT_MATMUL_DESC_TRANSA, p.transposed_b ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(CUBLASLT_MATMUL_DESC_TRANSB, CUBLAS_OP_N);
  set(CUBLASLT_MATMUL_DESC_EPILOGUE, p.gelu ? (p.bias ? CUBLASLT_EPILOGUE_GELU_BIAS : CUBLASLT_EPILOGUE_GELU)
                                            : (p.bias ? CUBLASLT_EPILOGUE_BIAS : CUBLASLT_EPILOGUE_DEFAULT));
  if (p.bias) {
    set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, data_.bias);
    set(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, p.output);
  }
#if defined(FLASHRT_CUBLASLT_NVFP4)
  if (p.block_scaled) {
    set(CUBLASLT_MATMUL_DESC_A_SCALE_MODE, CUBLASLT_MATMUL_MATRIX_SCALE_VEC16_UE4M3);
    set(CUBLASLT_MATMUL_DESC_B_SCALE_MODE, CUBLASLT_MATMUL_MATRIX_SCALE_VEC16_UE4M3);
  }
#endif
  if (p.scaled || p.block_scaled) {
    set(CUBLASLT_MATMUL_DESC_A_SCALE_POINTER, data_.b_scale);
    set(CUBLASLT_MATMUL_DESC_B_SCALE_POINTER, data_.a_scale);
  }
  if (p.transposed_b) create_layout(b, p.operand, p.k, p.n, p.k);
  else create_layout(b, p.operand, p.n, p.k, p.n);
  create_layout(a, p.operand, p.k, p.m, p.k);
  create_layout(d, p.output, p.n, p.m, p.n);
}

void Descriptors::release() {
  for (cublasLtMatrixLayout_t layout : {b, a, d})
    if (layout != nullptr) library_.matrix_layout_destroy(layout);
  if (operation != nullptr) library_.matmul_desc_destroy(operation);
}

void Descriptors::create_layout(cublasLtMatrixLayout_t& layout, cudaDataType_t type, int64_t rows, int64_t columns, int64_t pitch) {
  library_.check_status(library_.matrix_layout_create(&layout, type, static_cast<uint64_t>(rows), static_cast<uint64_t>(columns), pitch),
                        "cublasLtMatrixLayoutCreate");
}

template <typename Value>
void Descriptors::set(cublasLtMatmulDescAttributes_t attribute, const Value& value) {
  library_.check_status(library_.matmul_desc_set_attribute(operation, attribute, &value, sizeof value), "cublasLtMatmulDescSetAttribute");
}

uint32_t alignment_of(const void* pointer) {
  uint32_t alignment = 16;
  while (reinterpret_cast<uintptr_t>(pointer) % alignment != 0) alignment /= 2;
  return alignment;
}

int find_algorithms(const CublasLt& library, cublasLtHandle_t handle, const Product& product, const ProductData& data,
                    cublasLtMatmulHeuristicResult_t* results, int most) {
  const Descriptors descriptors(library, product, data);
  cublasLtMatmulPreference_t created = nullptr;
  library.check_status(library.preference_create(&created), "cublasLtMatmulPreferenceCreate");
  const std::unique_ptr<std::remove_pointer_t<cublasLtMatmulPreference_t>, decltype(library.preference_destroy)> owner(created, library.preference_destroy);
  const auto set = [&](cublasLtMatmulPreferenceAttributes_t attribute, const auto& value) {
    library.check_status(library.preference_set_attribute(created, attribute, &value, sizeof value), "cublasLtMatmulPreferenceSetAttribute");
  };
  set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, uint64_t{GemmRunner::kWorkspaceLimit});
  // Partial sums of split-K stay in the compute type, so that a 16-bit output is rounded once.
  set(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, uint32_t{CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE});
  set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, alignment_of(data.b));
  set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, alignment_of(data.a));
  set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, alignment_of(product.add_c ? data.c : data.d));
  set(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, alignment_of(data.d));
  int found = 0;
  const cublasStatus_t status =
      library.algo_get_heuristic(handle, descriptors.operation, descriptors.b, descriptors.a, descriptors.d, descriptors.d, created, most, results, &found);
  if (status == CUBLAS_STATUS_NOT_SUPPORTED || status == CUBLAS_STATUS_INVALID_VALUE || status == CUBLAS_STATUS_ARCH_MISMATCH) return 0;
  library.check_status(status, "cublasLtMatmulAlgoGetHeuristic");
  int usable = 0;
  for (int i = 0; i < found; ++i)
    if (results[i].state == CUBLAS_STATUS_SUCCESS) results[usable++] = results[i];
  return usable;
}

}  // namespace flashrt
