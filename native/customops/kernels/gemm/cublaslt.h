// cuBLASLt, opened at run time: the library loads and runs without it.
#pragma once

#include <cublasLt.h>

#include <string>

namespace flashrt {

/// cuBLASLt knows block-scaled FP4 products from 12.8 on. The headers decide what is compiled, the loaded library what is used.
#if CUBLAS_VERSION >= 120800
#define FLASHRT_CUBLASLT_NVFP4 1
#endif
constexpr size_t kCublasLtWithNvfp4 = 120800;

/// The functions used, of the library that was found.
struct CublasLt {
  decltype(&cublasLtCreate) create = nullptr;
  decltype(&cublasLtGetVersion) get_version = nullptr;
  decltype(&cublasLtGetStatusString) status_string = nullptr;
  decltype(&cublasLtMatmul) matmul = nullptr;
  decltype(&cublasLtMatmulDescCreate) matmul_desc_create = nullptr;
  decltype(&cublasLtMatmulDescDestroy) matmul_desc_destroy = nullptr;
  decltype(&cublasLtMatmulDescSetAttribute) matmul_desc_set_attribute = nullptr;
  decltype(&cublasLtMatrixLayoutCreate) matrix_layout_create = nullptr;
  decltype(&cublasLtMatrixLayoutDestroy) matrix_layout_destroy = nullptr;
  decltype(&cublasLtMatmulPreferenceCreate) preference_create = nullptr;
  decltype(&cublasLtMatmulPreferenceDestroy) preference_destroy = nullptr;
  decltype(&cublasLtMatmulPreferenceSetAttribute) preference_set_attribute = nullptr;
  decltype(&cublasLtMatmulAlgoGetHeuristic) algo_get_heuristic = nullptr;
  decltype(&cublasLtMatmulAlgoCheck) algo_check = nullptr;

  size_t version = 0;
  std::string path;

  void check_status(cublasStatus_t status, const char* call) const;
};

/// Loads the library on the first call. Null when there is none: `why_not` then names what was tried and what to install. Null also where the
/// environment variable FLASHRT_CUBLASLT is `off`: every product then runs on kernels of this library, which compute-sanitizer can follow.
const CublasLt* load_cublaslt(std::string* why_not = nullptr);

/// The library when it is loaded already, otherwise null.
const CublasLt* loaded_cublaslt();

}  // namespace flashrt
