// The ONNX Runtime C API that this process gave us. Set once, by RegisterCustomOps.
#pragma once

#include <onnxruntime_c_api.h>

#include <string>

namespace flashrt::ort {

const OrtApi& api();

/// The version of api(): what this library was built against, or less on an older runtime.
uint32_t api_version();

/// Asks for the API this library was built against, or the newest the runtime has (an older runtime answers null for a newer one).
/// Returns null when the runtime is older than what the library needs.
const OrtApi* initialize_api(const OrtApiBase* base);

/// Throws flashrt::Error with ORT's message when the status is one, and releases it.
void check_status(OrtStatus* status);

}  // namespace flashrt::ort
