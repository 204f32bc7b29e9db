// The entry point that ONNX Runtime calls, and the registered ops as JSON.
#include <mutex>
#include <set>
#include <sstream>

#include "include/flashrt.h"
#include "ort/register.h"

namespace flashrt::ort {
namespace {

constexpr const char* kDomain = "com.flashrt";

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

std::string type_list(Type declared, const std::vector<DType>& variable) {
  if (declared.fixed != DType::none) return "[" + quoted(name_of(declared.fixed)) + "]";
  std::string text;
  for (DType type : variable) text += (text.empty() ? "" : ",") + quoted(name_of(type));
  return "[" + text + "]";
}

struct ValueJson {
  std::ostringstream& out;
  void operator()(int64_t value) const { out << "\"int\",\"default\":" << value; }
  void operator()(float value) const {
    out.precision(9);
    out << "\"float\",\"default\":" << value;
  }
  void operator()(const std::string& value) const { out << "\"string\",\"default\":" << quoted(value); }
  void operator()(const std::vector<int64_t>& values) const {
    out << "\"ints\",\"default\":[";
    for (size_t i = 0; i < values.size(); ++i) out << (i == 0 ? "" : ",") << values[i];
    out << "]";
  }
};

void write_op(std::ostringstream& out, const OpBase& op, const std::set<std::string>& providers) {
  const Schema& s = op.schema;
  const char* separator = "";
  const auto list = [&](const char* name, const auto& items, auto&& item) {
    out << ",\"" << name << "\":[";
    separator = "";
    for (const auto& entry : items) {
      out << separator;
      item(entry);
      separator = ",";
    }
    out << "]";
  };
  out << "{\"name\":" << quoted(op.op_name);
  list("providers", providers, [&](const std::string& p) { out << quoted(p); });
  list("inputs", s.inputs, [&](const Input& i) {
    out << "{\"name\":" << quoted(i.name) << ",\"types\":" << type_list(i.type, s.types) << ",\"optional\":" << (i.optional ? "true" : "false") << "}";
  });
  list("outputs", s.outputs, [&](const Output& o) {
    out << "{\"name\":" << quoted(o.name) << ",\"types\":" << type_list(o.type, s.types) << ",\"optional\":" << (o.optional ? "true" : "false")
        << ",\"may_alias\":[";
    for (size_t i = 0; i < o.may_alias.size(); ++i) out << (i == 0 ? "" : ",") << o.may_alias[i];
    out << "]}";
  });
  list("attributes", s.attributes, [&](const Attribute& a) {
    out << "{\"name\":" << quoted(a.name) << ",\"type\":";
    std::visit(ValueJson{out}, a.value);
    out << ",\"required\":" << (a.required ? "true" : "false") << ",\"values\":[";
    for (size_t i = 0; i < a.values.size(); ++i) out << (i == 0 ? "" : ",") << quoted(a.values[i]);
    out << "]}";
  });
  out << "}";
}

std::string ops_json() {
  std::ostringstream out;
  out << "{\"domain\":\"" << kDomain << "\",\"version\":1,\"ops\":[";
  const auto& ops = registered_ops();
  const char* separator = "";
  for (size_t i = 0; i < ops.size(); ++i) {
    if (i > 0 && std::string(ops[i]->op_name) == ops[i - 1]->op_name) continue;
    std::set<std::string> providers;
    for (const auto& op : ops)
      if (std::string(op->op_name) == ops[i]->op_name) providers.insert(op->provider == Provider::cuda ? "cuda" : "cpu");
    out << separator;
    write_op(out, *ops[i], providers);
    separator = ",";
  }
  out << "]}";
  return out.str();
}

}  // namespace
}  // namespace flashrt::ort

const char* flashrt_ops_json(void) {
  static const std::string json = flashrt::ort::ops_json();
  return json.c_str();
}

OrtStatus* RegisterCustomOps(OrtSessionOptions* options, const OrtApiBase* base) {
  using namespace flashrt::ort;
  static std::mutex mutex;
  const std::lock_guard<std::mutex> lock(mutex);
  const OrtApi* found = initialize_api(base);
  if (found == nullptr) {
    // Every ORT has the first API; it is enough to say what is wrong.
    return base->GetApi(1)->CreateStatus(ORT_FAIL, "com.flashrt needs ONNX Runtime 1.18 or newer: upgrade ONNX Runtime");
  }
  // One domain object for the process: kernels are stateless, and sessions only read it.
  static OrtCustomOpDomain* domain = nullptr;
  if (domain == nullptr) {
    OrtCustomOpDomain* created = nullptr;
    if (OrtStatus* status = found->CreateCustomOpDomain(kDomain, &created)) return status;
    for (const auto& op : registered_ops()) {
      op->version = api_version();
      if (OrtStatus* status = found->CustomOpDomain_Add(created, op.get())) {
        found->ReleaseCustomOpDomain(created);
        return status;
      }
    }
    domain = created;
  }
  return found->AddCustomOpDomain(options, domain);
}
