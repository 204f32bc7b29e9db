#include "kernels/gemm/cublaslt.h"

#include <dlfcn.h>

#include <atomic>
#include <cstdlib>
#include <string_view>

#include "kernels/core/check.h"

namespace flashrt {
namespace {

constexpr const char* kNames[] = {"libcublasLt.so.13", "libcublasLt.so.12"};

struct Loaded {
  CublasLt functions;
  bool found = false;
  std::string why_not;
};

std::atomic<const CublasLt*> g_loaded{nullptr};

template <typename Function>
bool resolve(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

bool resolve_all(void* library, CublasLt& f) {
  return resolve(library, "cublasLtCreate", f.create) && resolve(library, "cublasLtGetVersion", f.get_version) &&
         resolve(library, "cublasLtGetStatusString", f.status_string) && resolve(library, "cublasLtMatmul", f.matmul) &&
         resolve(library, "cublasLtMatmulDescCreate", f.matmul_desc_create) &&
         resolve(library, "cublasLtMatmulDescDestroy", f.matmul_desc_destroy) &&
         resolve(library, "cublasLtMatmulDescSetAttribute", f.matmul_desc_set_attribute) &&
         resolve(library, "cublasLtMatrixLayoutCreate", f.matrix_layout_create) &&
         resolve(library, "cublasLtMatrixLayoutDestroy", f.matrix_layout_destroy) &&
         resolve(library, "cublasLtMatmulPreferenceCreate", f.preference_create) &&
         resolve(library, "cublasLtMatmulPreferenceDestroy", f.preference_destroy) &&
         resolve(library, "cublasLtMatmulPreferenceSetAttribute", f.preference_set_attribute) &&
         resolve(library, "cublasLtMatmulAlgoGetHeuristic", f.algo_get_heuristic) &&
         resolve(library, "cublasLtMatmulAlgoCheck", f.algo_check);
}

/// The library that the process has already (ONNX Runtime's CUDA provider brings one) comes before a second version of it.
void* open_any(std::string& tried) {
  for (const char* name : kNames)
    if (void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD)) return library;
  for (const char* name : kNames) {
    if (void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL)) return library;
    const char* reason = dlerror();
    tried += std::string(tried.empty() ? "" : "; ") + name + " (" + (reason != nullptr ? reason : "no reason given") + ")";
  }
  return nullptr;
}

Loaded load() {
  Loaded result;
  if (const char* wanted = std::getenv("FLASHRT_CUBLASLT"); wanted != nullptr && std::string_view(wanted) == "off") {
    result.why_not = "cuBLASLt is switched off by FLASHRT_CUBLASLT=off";
    return result;
  }
  std::string tried;
  void* library = open_any(tried);
  if (library == nullptr) {
    result.why_not = "cuBLASLt was not found, tried " + tried + ": install cuBLAS 12 or 13 and put its folder on LD_LIBRARY_PATH";
    return result;
  }
  if (!resolve_all(library, result.functions)) {
    const char* reason = dlerror();
    result.why_not = std::string("cuBLASLt lacks a function that is needed (") + (reason != nullptr ? reason : "no reason given") +
                     "): install cuBLAS 12 or 13";
    return result;
  }
  result.functions.version = result.functions.get_version();
  Dl_info info;
  if (dladdr(reinterpret_cast<void*>(result.functions.create), &info) != 0 && info.dli_fname != nullptr) result.functions.path = info.dli_fname;
  result.found = true;
  return result;
}

}  // namespace

void CublasLt::check_status(cublasStatus_t status, const char* call) const {
  check(status == CUBLAS_STATUS_SUCCESS, call, " failed: ", status_string(status), " (", static_cast<int>(status), "), cuBLASLt ", version);
}

const CublasLt* load_cublaslt(std::string* why_not) {
  static const Loaded loaded = load();
  if (loaded.found) {
    g_loaded.store(&loaded.functions);
    return &loaded.functions;
  }
  if (why_not != nullptr) *why_not = loaded.why_not;
  return nullptr;
}

const CublasLt* loaded_cublaslt() { return g_loaded.load(); }

}  // namespace flashrt
