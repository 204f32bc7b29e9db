#include "ort/op.h"

#include "ort/workspace.h"

#include <algorithm>
#include <atomic>
#include <limits>

namespace flashrt::ort {
namespace {

/// The oldest API that has everything used here (GetMayInplace, scratch memory, ParallelFor).
constexpr uint32_t kOldestApi = 18;
const OrtApi* g_api = nullptr;
uint32_t g_api_version = 0;

struct TypeName {
  DType type;
  ONNXTensorElementDataType onnx;
};
constexpr TypeName kTypes[] = {
    {DType::f32, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT},       {DType::f16, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16},
    {DType::bf16, ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16},   {DType::f8e4m3, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT8E4M3FN},
    {DType::u8, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8},        {DType::i8, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8},
    {DType::i32, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32},       {DType::i64, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64},
    {DType::boolean, ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL}};

ONNXTensorElementDataType onnx_of(DType type) {
  for (const auto& t : kTypes)
    if (t.type == type) return t.onnx;
  return ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
}

DType dtype_of(ONNXTensorElementDataType onnx) {
  for (const auto& t : kTypes)
    if (t.onnx == onnx) return t.type;
  return DType::none;
}

const OpBase& base_of(const OrtCustomOp* op) { return *static_cast<const OpBase*>(op); }

DType resolve(Type declared, DType variable) { return declared.fixed == DType::none ? variable : declared.fixed; }

const Attribute& find_attribute(const Schema& schema, const char* name) {
  for (const auto& attribute : schema.attributes)
    if (std::string(attribute.name) == name) return attribute;
  throw Error(std::string("attribute ") + name + " is not declared in the schema");
}

std::string join(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "\"" : ", \"") + part + "\"";
  return text;
}

struct TypeAndShape {
  Shape shape;
  DType type = DType::none;
};

TypeAndShape type_and_shape(const OrtValue* value) {
  OrtTensorTypeAndShapeInfo* info = nullptr;
  check_status(api().GetTensorTypeAndShape(value, &info));
  TypeAndShape result;
  size_t rank = 0;
  ONNXTensorElementDataType type = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  OrtStatus* status = api().GetDimensionsCount(info, &rank);
  if (status == nullptr) {
    result.shape.resize(rank);
    status = api().GetDimensions(info, result.shape.data(), rank);
  }
  if (status == nullptr) status = api().GetTensorElementType(info, &type);
  api().ReleaseTensorTypeAndShapeInfo(info);
  check_status(status);
  result.type = dtype_of(type);
  return result;
}

}  // namespace

const OrtApi& api() { return *g_api; }

uint32_t api_version() { return g_api_version; }

const OrtApi* initialize_api(const OrtApiBase* base) {
  for (uint32_t version = ORT_API_VERSION; version >= kOldestApi; --version)
    if (const OrtApi* found = base->GetApi(version)) {
      g_api = found;
      g_api_version = version;
      return found;
    }
  return nullptr;
}

void check_status(OrtStatus* status) {
  if (status == nullptr) return;
  const std::string message = api().GetErrorMessage(status);
  api().ReleaseStatus(status);
  throw Error(message);
}

std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + "]";
}

int64_t element_count(const Shape& shape) {
  int64_t count = 1;
  for (int64_t dim : shape) count *= dim;
  return count;
}

std::string node_name_of(const OrtKernelInfo* info) {
  size_t size = 0;
  check_status(api().KernelInfo_GetNodeName(info, nullptr, &size));
  std::string name(size, '\0');
  check_status(api().KernelInfo_GetNodeName(info, name.data(), &size));
  name.resize(size > 0 ? size - 1 : 0);
  return name;
}

NodeInfo::NodeInfo(const OrtKernelInfo* info, const Schema& schema, const char* op_name, DType type, Provider provider)
    : info_(info), schema_(schema), type_(type), provider_(provider) {
  for (const auto& attribute : schema.attributes) {
    if (attribute.values.empty()) continue;
    const std::string value = string_attribute(attribute.name);
    check(std::find(attribute.values.begin(), attribute.values.end(), value) != attribute.values.end(), "attribute ", attribute.name,
          " of ", op_name, " is one of ", join(attribute.values), ", got \"", value, "\"");
  }
  if (schema.type_from_output_dtype)
    check(string_attribute("output_dtype") == name_of(type), "attribute output_dtype is \"", string_attribute("output_dtype"),
          "\", but the model types the node's output ", name_of(type), ": make the two agree");
}

const Attribute& NodeInfo::declared(const char* name) const { return find_attribute(schema_, name); }

namespace {
/// The attribute's value, its default where the node leaves it out, or an error where it is required or of another type.
template <typename T, typename Get>
T attribute_or_default(const Attribute& attribute, const char* type_name, Get&& get) {
  T value{};
  OrtStatus* status = get(value);
  if (status == nullptr) return value;
  const std::string message = api().GetErrorMessage(status);
  api().ReleaseStatus(status);
  // ORT's failures: "No attribute with name:'x'is defined.", of lists "No attribute with this name is defined.", and "Attribute name and
  // type don't match".
  const bool missing = message.find("No attribute with") != std::string::npos;
  check(missing, "attribute ", attribute.name, " must be a ", type_name, ": ", message);
  check(!attribute.required, "attribute ", attribute.name, " is missing: it is a required ", type_name);
  return std::get<T>(attribute.value);
}
}  // namespace

float NodeInfo::float_attribute(const char* name) const {
  return attribute_or_default<float>(declared(name), "float", [&](float& v) { return api().KernelInfoGetAttribute_float(info_, name, &v); });
}

int64_t NodeInfo::int_attribute(const char* name) const {
  return attribute_or_default<int64_t>(declared(name), "int", [&](int64_t& v) { return api().KernelInfoGetAttribute_int64(info_, name, &v); });
}

bool NodeInfo::flag_attribute(const char* name) const {
  const int64_t value = int_attribute(name);
  check(value == 0 || value == 1, "attribute ", name, " must be 0 or 1, got ", value);
  return value == 1;
}

std::string NodeInfo::string_attribute(const char* name) const {
  return attribute_or_default<std::string>(declared(name), "string", [&](std::string& v) -> OrtStatus* {
    size_t size = 0;
    if (OrtStatus* status = api().KernelInfoGetAttribute_string(info_, name, nullptr, &size)) return status;
    v.resize(size);
    OrtStatus* status = api().KernelInfoGetAttribute_string(info_, name, v.data(), &size);
    v.resize(size > 0 ? size - 1 : 0);
    return status;
  });
}

std::vector<int64_t> NodeInfo::ints_attribute(const char* name) const {
  return attribute_or_default<std::vector<int64_t>>(declared(name), "list of ints", [&](std::vector<int64_t>& v) -> OrtStatus* {
    size_t size = 0;
    if (OrtStatus* status = api().KernelInfoGetAttributeArray_int64(info_, name, nullptr, &size)) return status;
    v.resize(size);
    return size == 0 ? nullptr : api().KernelInfoGetAttributeArray_int64(info_, name, v.data(), &size);
  });
}

namespace {
template <typename Count, typename NameOf>
bool is_named(size_t index, Count&& count, NameOf&& name_of_index) {
  size_t total = 0;
  check_status(count(&total));
  if (index >= total) return false;
  size_t size = 0;
  check_status(name_of_index(index, nullptr, &size));
  return size > 1;
}
}  // namespace

bool NodeInfo::has_input(size_t index) const {
  return is_named(index, [&](size_t* n) { return api().KernelInfo_GetInputCount(info_, n); },
                  [&](size_t i, char* text, size_t* size) { return api().KernelInfo_GetInputName(info_, i, text, size); });
}

bool NodeInfo::has_output(size_t index) const {
  return is_named(index, [&](size_t* n) { return api().KernelInfo_GetOutputCount(info_, n); },
                  [&](size_t i, char* text, size_t* size) { return api().KernelInfo_GetOutputName(info_, i, text, size); });
}

namespace {
/// The shape of a constant, or the one that the model declares or ONNX Runtime inferred. No rank stands for an unknown one as well as for
/// a scalar there, and some exporters write 0 for a dimension that they do not know.
std::optional<Shape> known_shape(const OrtKernelInfo* info, size_t index) {
  int is_constant = 0;
  const OrtValue* constant = nullptr;
  check_status(api().KernelInfoGetConstantInput_tensor(info, index, &is_constant, &constant));
  if (is_constant != 0 && constant != nullptr) return type_and_shape(constant).shape;

  OrtTypeInfo* type = nullptr;
  if (OrtStatus* status = api().KernelInfo_GetInputTypeInfo(info, index, &type)) {
    api().ReleaseStatus(status);
    return std::nullopt;
  }
  const OrtTensorTypeAndShapeInfo* tensor = nullptr;  // belongs to `type`
  size_t rank = 0;
  Shape shape;
  OrtStatus* status = api().CastTypeInfoToTensorInfo(type, &tensor);
  if (status == nullptr && tensor != nullptr) status = api().GetDimensionsCount(tensor, &rank);
  shape.resize(rank);
  if (status == nullptr && rank > 0) status = api().GetDimensions(tensor, shape.data(), rank);
  api().ReleaseTypeInfo(type);
  check_status(status);
  const bool known = rank > 0 && std::all_of(shape.begin(), shape.end(), [](int64_t dim) { return dim > 0; });
  return known ? std::optional(shape) : std::nullopt;
}
}  // namespace

std::optional<KnownOperands> NodeInfo::known_operands() const {
  KnownOperands known;
  for (size_t i = 0; i < schema_.inputs.size(); ++i) {
    Tensor& tensor = known.inputs.emplace_back();
    tensor.name = schema_.inputs[i].name;
    tensor.present = has_input(i);
    if (!tensor.present) continue;
    const auto shape = known_shape(info_, i);
    if (!shape) return std::nullopt;
    tensor.shape = *shape;
    tensor.type = resolve(schema_.inputs[i].type, type_);
  }
  for (size_t o = 0; o < schema_.outputs.size(); ++o) known.outputs.push_back(has_output(o));
  return known;
}

Context::Context(OrtKernelContext* context, const Schema& schema, DType type, Provider provider)
    : context_(context), schema_(schema), type_(type), provider_(provider) {}

Context::Context(KnownOperands operands, const Schema& schema, DType type)
    : context_(nullptr), schema_(schema), type_(type), provider_(Provider::cpu), known_(std::move(operands)) {}

Tensor Context::input(size_t index) const {
  if (rehearses()) {
    check(known_.inputs[index].present || schema_.inputs[index].optional, "input ", known_.inputs[index].name, " is missing: it is required");
    return known_.inputs[index];
  }
  Tensor tensor;
  tensor.name = schema_.inputs[index].name;
  size_t count = 0;
  check_status(api().KernelContext_GetInputCount(context_, &count));
  const OrtValue* value = nullptr;
  if (index < count) check_status(api().KernelContext_GetInput(context_, index, &value));
  if (value == nullptr) {
    check(schema_.inputs[index].optional, "input ", tensor.name, " is missing: it is required");
    return tensor;
  }
  auto info = type_and_shape(value);
  void* data = nullptr;
  check_status(api().GetTensorMutableData(const_cast<OrtValue*>(value), &data));  // read only; the C API has no const form
  tensor.data = data;
  tensor.shape = std::move(info.shape);
  tensor.type = info.type;
  tensor.present = true;
  return tensor;
}

Tensor Context::output(size_t index, const Shape& shape) const {
  Tensor tensor;
  tensor.name = schema_.outputs[index].name;
  if (rehearses()) {
    static char somewhere;  // not null, as the data of an output is that the node has
    tensor.present = known_.outputs[index];
    if (!tensor.present) return tensor;
    tensor.data = &somewhere;
    tensor.shape = shape;
    tensor.type = resolve(schema_.outputs[index].type, type_);
    return tensor;
  }
  size_t count = 0;
  check_status(api().KernelContext_GetOutputCount(context_, &count));
  if (index >= count) return tensor;
  OrtValue* value = nullptr;
  check_status(api().KernelContext_GetOutput(context_, index, shape.data(), shape.size(), &value));
  if (value == nullptr) return tensor;
  void* data = nullptr;
  check_status(api().GetTensorMutableData(value, &data));
  tensor.data = data;
  tensor.shape = shape;
  tensor.type = resolve(schema_.outputs[index].type, type_);
  tensor.present = true;
  return tensor;
}

Parallel Context::parallel() const {
  return {context_, [](void* pool, int64_t chunks, void (*chunk)(void*, int64_t), void* body) {
            struct Call { void (*chunk)(void*, int64_t); void* body; } call{chunk, body};
            OrtStatus* status = api().KernelContext_ParallelFor(
                static_cast<OrtKernelContext*>(pool),
                [](void* raw, size_t index) {
                  const Call& c = *static_cast<const Call*>(raw);
                  c.chunk(c.body, static_cast<int64_t>(index));
                },
                static_cast<size_t>(chunks), 0, &call);
            check_status(status);
          }};
}

#if defined(FLASHRT_WITH_CUDA)
cudaStream_t Context::stream() const {
  void* stream = nullptr;
  check_status(api().KernelContext_GetGPUComputeStream(context_, &stream));
  return static_cast<cudaStream_t>(stream);
}
#endif

Context::Scratch Context::scratch(size_t bytes) const {
  if (bytes == 0 || rehearses()) return Scratch(nullptr, nullptr);
#if defined(FLASHRT_WITH_CUDA)
  if (is_cuda()) return Scratch(nullptr, stream_workspace(stream(), bytes));
#endif
  return Scratch(std::make_unique_for_overwrite<char[]>(bytes), nullptr);
}

ShapeInference::ShapeInference(OrtShapeInferContext* context, const Schema& schema) : context_(context), schema_(schema) {
  size_t count = 0;
  check_status(api().ShapeInferContext_GetInputCount(context, &count));
  inputs_.resize(std::max(count, schema.inputs.size()));
  present_.resize(inputs_.size());
  for (size_t i = 0; i < count; ++i) {
    OrtTensorTypeAndShapeInfo* info = nullptr;
    // An absent optional input is an error here, or has no type: the op leaves such an input alone. The info belongs to the context.
    if (OrtStatus* status = api().ShapeInferContext_GetInputTypeShape(context, i, &info)) {
      api().ReleaseStatus(status);
      continue;
    }
    ONNXTensorElementDataType type = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
    check_status(api().GetTensorElementType(info, &type));
    present_[i] = type != ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
    if (i < schema.inputs.size() && schema.inputs[i].type.fixed == DType::none && type_ == DType::none) type_ = dtype_of(type);
    size_t rank = 0;
    check_status(api().GetDimensionsCount(info, &rank));
    if (rank == 0) continue;  // how ONNX Runtime presents an input of unknown rank
    std::vector<int64_t> values(rank);
    std::vector<const char*> symbols(rank);
    check_status(api().GetDimensions(info, values.data(), rank));
    check_status(api().GetSymbolicDimensions(info, symbols.data(), rank));
    Dims dims(rank);
    for (size_t d = 0; d < rank; ++d) dims[d] = {values[d], symbols[d] == nullptr ? "" : symbols[d]};
    inputs_[i] = std::move(dims);
  }
  if (schema.type_from_output_dtype) {
    // A value that is none of ours gets the default's type here: the kernel is then created, and its check says what is wrong.
    const std::string name = string_attribute("output_dtype"), usual = std::get<std::string>(declared("output_dtype").value);
    for (const std::string& wanted : {usual, name})
      for (DType type : schema.types)
        if (wanted == name_of(type)) type_ = type;
  }
}

const std::optional<Dims>& ShapeInference::input(size_t index) const { return inputs_.at(index); }

const Attribute& ShapeInference::declared(const char* name) const { return find_attribute(schema_, name); }

int64_t ShapeInference::int_attribute(const char* name) const {
  const OrtOpAttr* attribute = nullptr;
  int64_t value = 0;
  size_t size = 0;
  OrtStatus* status = api().ShapeInferContext_GetAttribute(context_, name, &attribute);
  if (status == nullptr && attribute != nullptr) status = api().ReadOpAttr(attribute, ORT_OP_ATTR_INT, &value, sizeof value, &size);
  if (status == nullptr && attribute != nullptr) return value;
  if (status != nullptr) api().ReleaseStatus(status);
  return std::get<int64_t>(declared(name).value);
}

std::string ShapeInference::string_attribute(const char* name) const {
  const OrtOpAttr* attribute = nullptr;
  char value[64] = {};
  size_t size = 0;
  OrtStatus* status = api().ShapeInferContext_GetAttribute(context_, name, &attribute);
  if (status == nullptr && attribute != nullptr) status = api().ReadOpAttr(attribute, ORT_OP_ATTR_STRING, value, sizeof value - 1, &size);
  if (status == nullptr && attribute != nullptr) return value;
  if (status != nullptr) api().ReleaseStatus(status);
  return std::get<std::string>(declared(name).value);
}

std::vector<int64_t> ShapeInference::ints_attribute(const char* name) const {
  const OrtOpAttr* attribute = nullptr;
  std::vector<int64_t> values(64);  // more than any op takes
  size_t bytes = 0;
  OrtStatus* status = api().ShapeInferContext_GetAttribute(context_, name, &attribute);
  if (status == nullptr && attribute != nullptr)
    status = api().ReadOpAttr(attribute, ORT_OP_ATTR_INTS, values.data(), values.size() * sizeof(int64_t), &bytes);
  if (status == nullptr && attribute != nullptr) {
    values.resize(bytes / sizeof(int64_t));
    return values;
  }
  if (status != nullptr) api().ReleaseStatus(status);
  return std::get<std::vector<int64_t>>(declared(name).value);
}

Dim ShapeInference::unknown() {
  // A name of its own for each unknown dimension: equal names would tell the memory planner that two sizes are equal.
  static std::atomic<int64_t> next{0};
  return {-1, "flashrt_unknown_" + std::to_string(next++)};
}

void ShapeInference::output(size_t index, const Dims& dims) {
  type_is_set_ = true;
  OrtTensorTypeAndShapeInfo* info = nullptr;
  check_status(api().CreateTensorTypeAndShapeInfo(&info));
  Dims named = dims;
  for (Dim& dim : named)
    if (!dim.known() && dim.symbol.empty()) dim = unknown();
  std::vector<int64_t> values;
  std::vector<const char*> symbols;
  for (const Dim& dim : named) {
    values.push_back(dim.value);
    symbols.push_back(dim.symbol.c_str());
  }
  OrtStatus* status = api().SetTensorElementType(info, onnx_of(resolve(schema_.outputs[index].type, type_)));
  if (status == nullptr) status = api().SetDimensions(info, values.data(), values.size());
  if (status == nullptr) status = api().SetSymbolicDimensions(info, symbols.data(), symbols.size());
  // An output that the node leaves out has no place to write to; that is no error of the model.
  if (status == nullptr) status = api().ShapeInferContext_SetOutputTypeShape(context_, index, info);
  api().ReleaseTensorTypeAndShapeInfo(info);
  if (status != nullptr) api().ReleaseStatus(status);
}

void ShapeInference::finish() {
  // Without a word from the op, ONNX Runtime types the outputs as the first kernel that fits the inputs does. There is no way to set
  // a type without a shape: an output of unknown rank is then declared a scalar, which ONNX Runtime only warns about.
  if (schema_.type_from_output_dtype && !type_is_set_ && type_ != schema_.types.front()) output(0, {});
}

void ShapeInference::same(size_t output_index, size_t input_index) {
  if (input(input_index)) output(output_index, *input(input_index));
}

OpBase::OpBase(const char* name, const Schema& declared, DType variable, Provider where)
    : OrtCustomOp{}, op_name(name), schema(declared), type(variable), provider(where) {
  GetName = [](const OrtCustomOp* op) { return base_of(op).op_name; };
  GetExecutionProviderType = [](const OrtCustomOp* op) -> const char* {
    return base_of(op).provider == Provider::cuda ? "CUDAExecutionProvider" : "CPUExecutionProvider";
  };
  GetInputTypeCount = [](const OrtCustomOp* op) { return base_of(op).schema.inputs.size(); };
  GetInputType = [](const OrtCustomOp* op, size_t index) { return onnx_of(resolve(base_of(op).schema.inputs[index].type, base_of(op).type)); };
  GetInputCharacteristic = [](const OrtCustomOp* op, size_t index) {
    return base_of(op).schema.inputs[index].optional ? INPUT_OUTPUT_OPTIONAL : INPUT_OUTPUT_REQUIRED;
  };
  GetInputMemoryType = [](const OrtCustomOp*, size_t) { return OrtMemTypeDefault; };
  GetOutputTypeCount = [](const OrtCustomOp* op) { return base_of(op).schema.outputs.size(); };
  GetOutputType = [](const OrtCustomOp* op, size_t index) { return onnx_of(resolve(base_of(op).schema.outputs[index].type, base_of(op).type)); };
  GetOutputCharacteristic = [](const OrtCustomOp* op, size_t index) {
    return base_of(op).schema.outputs[index].optional ? INPUT_OUTPUT_OPTIONAL : INPUT_OUTPUT_REQUIRED;
  };
  GetVariadicInputMinArity = [](const OrtCustomOp*) { return 1; };
  GetVariadicInputHomogeneity = [](const OrtCustomOp*) { return 1; };
  GetVariadicOutputMinArity = [](const OrtCustomOp*) { return 1; };
  GetVariadicOutputHomogeneity = [](const OrtCustomOp*) { return 1; };
  GetStartVersion = [](const OrtCustomOp*) { return 1; };
  GetEndVersion = [](const OrtCustomOp*) { return std::numeric_limits<int>::max(); };
}

OrtStatus* failure(const OpBase& op, const std::string& node_name, const char* what, OrtErrorCode code) {
  const std::string where = node_name.empty() ? "" : " (node '" + node_name + "')";
  return api().CreateStatus(code, ("com.flashrt::" + std::string(op.op_name) + where + ": " + what).c_str());
}

OrtStatus* KernelBase::failure(const char* what) const { return ort::failure(*op, node_name, what, ORT_INVALID_ARGUMENT); }

}  // namespace flashrt::ort
