// Turns a small class into ONNX Runtime custom ops: one OrtCustomOp for each provider and each value of the type variable.
//
// An op class has
//   static constexpr const char* name;                 the op's name in domain com.flashrt
//   static Schema schema();                            its inputs, outputs and attributes
//   explicit Op(const NodeInfo& node);                 reads and checks attributes (session creation; throws Error)
//   static void infer(ShapeInference& shapes);         output shapes from input shapes
//   void compute(const Context& context) const;        checks shapes, fills Args, calls a kernel (const: runs are concurrent); rehearsed at
//                                                      session creation where all shapes are known, so it must not touch data itself
// and appears in register.cpp once.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kernels/core/check.h"
#include "kernels/core/parallel.h"
#include "ort/ort_api.h"
#include "ort/schema.h"

#if defined(FLASHRT_WITH_CUDA)
#include <cuda_runtime_api.h>
#endif

namespace flashrt::ort {

enum class Provider { cpu, cuda };

using Shape = std::vector<int64_t>;
std::string to_string(const Shape& shape);
int64_t element_count(const Shape& shape);

/// The node's name in the model, "" when it has none.
std::string node_name_of(const OrtKernelInfo* info);

struct KnownOperands;

/// A node at session creation.
class NodeInfo {
 public:
  NodeInfo(const OrtKernelInfo* info, const Schema& schema, const char* op_name, DType type, Provider provider);
  float float_attribute(const char* name) const;
  int64_t int_attribute(const char* name) const;
  bool flag_attribute(const char* name) const;  // an int that must be 0 or 1
  std::string string_attribute(const char* name) const;
  std::vector<int64_t> ints_attribute(const char* name) const;
  bool has_input(size_t index) const;
  bool has_output(size_t index) const;
  DType type() const { return type_; }
  Provider provider() const { return provider_; }
  /// No value unless the model states the shape of every input.
  std::optional<KnownOperands> known_operands() const;

 private:
  const Attribute& declared(const char* name) const;
  const OrtKernelInfo* info_;
  const Schema& schema_;
  DType type_;
  Provider provider_;
};

/// A tensor that the op reads or writes. `data` is null for an absent optional operand.
struct Tensor {
  void* data = nullptr;
  Shape shape;
  DType type = DType::none;
  const char* name = "";

  explicit operator bool() const { return present; }
  int64_t rank() const { return static_cast<int64_t>(shape.size()); }
  int64_t count() const { return element_count(shape); }
  int64_t last() const { return shape.empty() ? 1 : shape.back(); }
  int64_t rows() const { return last() == 0 ? 0 : count() / last(); }  // leading axes flattened
  template <typename T> T* as() const { return static_cast<T*>(data); }

  bool present = false;
};

/// What a model says about a node's operands: inputs of known shapes without data, and which outputs the node has.
struct KnownOperands {
  std::vector<Tensor> inputs;
  std::vector<bool> outputs;
};

/// One run of a node, or a rehearsal of one at session creation: the op's checks see the shapes that the model states, no kernel runs.
class Context {
 public:
  Context(OrtKernelContext* context, const Schema& schema, DType type, Provider provider);
  Context(KnownOperands operands, const Schema& schema, DType type);
  Tensor input(size_t index) const;
  Tensor output(size_t index, const Shape& shape) const;  // not present when the node leaves it out
  DType type() const { return type_; }
  bool is_cuda() const { return provider_ == Provider::cuda; }  // never while it rehearses
  Parallel parallel() const;
#if defined(FLASHRT_WITH_CUDA)
  cudaStream_t stream() const;
#endif

  /// Memory of this run on the node's device. On CUDA it belongs to the run's stream and stays for the next op on it: nothing is
  /// allocated after the first runs (nor during a capture), and another stream never gets it while kernels still use it.
  class Scratch {
   public:
    Scratch(std::unique_ptr<char[]> host, void* device) : host_(std::move(host)), device_(device) {}
    void* data() const { return device_ != nullptr ? device_ : host_.get(); }

   private:
    std::unique_ptr<char[]> host_;
    void* device_;
  };
  /// One buffer for each compute (null for 0 bytes); a second call of the same compute would give the same memory again.
  Scratch scratch(size_t bytes) const;

  /// Runs the backend that the node was placed on.
  template <typename Args>
  void run(const Args& args, void (*cpu)(const Args&, const Parallel&)
#if defined(FLASHRT_WITH_CUDA)
           , void (*cuda)(const Args&, cudaStream_t)
#endif
  ) const {
#if defined(FLASHRT_WITH_CUDA)
    if (is_cuda()) return cuda(args, stream());
#endif
    if (!rehearses()) cpu(args, parallel());
  }

 private:
  bool rehearses() const { return context_ == nullptr; }
  OrtKernelContext* context_;
  const Schema& schema_;
  DType type_;
  Provider provider_;
  KnownOperands known_;
};

/// `FLASHRT_BACKENDS(row_norm)` is `row_norm_cpu, row_norm_cuda`, or the first alone in a build without CUDA.
#if defined(FLASHRT_WITH_CUDA)
#define FLASHRT_BACKENDS(function) function##_cpu, function##_cuda
#else
#define FLASHRT_BACKENDS(function) function##_cpu
#endif

/// One dimension: a number, a name, or unknown.
struct Dim {
  int64_t value = -1;
  std::string symbol;
  bool known() const { return value >= 0; }
};
using Dims = std::vector<Dim>;

/// Shape inference of one node. Anything the op cannot know it leaves alone; the run checks everything again.
class ShapeInference {
 public:
  ShapeInference(OrtShapeInferContext* context, const Schema& schema);
  size_t input_count() const { return inputs_.size(); }
  bool has_input(size_t index) const { return present_.at(index); }  // false: an optional input that the node leaves out
  const std::optional<Dims>& input(size_t index) const;  // no value: absent, or of unknown rank
  int64_t int_attribute(const char* name) const;
  std::string string_attribute(const char* name) const;
  std::vector<int64_t> ints_attribute(const char* name) const;
  void output(size_t index, const Dims& dims);
  void same(size_t output_index, size_t input_index);
  void finish();  // after the op's infer()
  static Dim unknown();
  static Dim of(int64_t value) { return {value, {}}; }

 private:
  const Attribute& declared(const char* name) const;
  OrtShapeInferContext* context_;
  const Schema& schema_;
  std::vector<std::optional<Dims>> inputs_;
  std::vector<bool> present_;
  DType type_ = DType::none;
  bool type_is_set_ = false;
};

/// The part of an OrtCustomOp that does not depend on the op class; the callbacks find it from the `OrtCustomOp*` they get.
struct OpBase : OrtCustomOp {
  OpBase(const char* name, const Schema& schema, DType type, Provider provider);
  const char* op_name;
  const Schema& schema;
  DType type;  // value of the type variable
  Provider provider;
};

/// Kernel objects know enough to say where an error happened.
struct KernelBase {
  const OpBase* op;
  std::string node_name;
  OrtStatus* failure(const char* what) const;
};

OrtStatus* failure(const OpBase& op, const std::string& node_name, const char* what, OrtErrorCode code);

template <typename Op>
struct Kernel : KernelBase {
  Kernel(const OpBase* base, const std::string& node_name, const NodeInfo& node) : KernelBase{base, node_name}, op(node) {}
  Op op;
};

template <typename Op>
const Schema& schema_of() {
  static const Schema schema = Op::schema();
  return schema;
}

template <typename Op>
struct CustomOp : OpBase {
  CustomOp(DType type, Provider provider) : OpBase(Op::name, schema_of<Op>(), type, provider) {
    CreateKernelV2 = [](const OrtCustomOp* op, const OrtApi*, const OrtKernelInfo* info, void** kernel) -> OrtStatusPtr {
      const auto& base = *static_cast<const OpBase*>(op);
      std::string node_name;
      try {
        node_name = node_name_of(info);
        const NodeInfo node(info, base.schema, base.op_name, base.type, base.provider);
        auto created = std::make_unique<Kernel<Op>>(&base, node_name, node);
        if (auto known = node.known_operands()) created->op.compute(Context(std::move(*known), base.schema, base.type));
        *kernel = static_cast<KernelBase*>(created.release());
        return nullptr;
      } catch (const std::exception& error) {
        return failure(base, node_name, error.what(), ORT_INVALID_ARGUMENT);
      }
    };
    KernelComputeV2 = [](void* raw, OrtKernelContext* context) -> OrtStatusPtr {
      const auto& kernel = *static_cast<const Kernel<Op>*>(static_cast<KernelBase*>(raw));
      try {
        kernel.op.compute(Context(context, kernel.KernelBase::op->schema, kernel.KernelBase::op->type, kernel.KernelBase::op->provider));
        return nullptr;
      } catch (const std::exception& error) {
        return kernel.failure(error.what());
      }
    };
    KernelDestroy = [](void* raw) { delete static_cast<Kernel<Op>*>(static_cast<KernelBase*>(raw)); };
    InferOutputShapeFn = [](const OrtCustomOp* op, OrtShapeInferContext* context) -> OrtStatusPtr {
      const auto& base = *static_cast<const OpBase*>(op);
      try {
        ShapeInference shapes(context, base.schema);
        Op::infer(shapes);
        shapes.finish();
        return nullptr;
      } catch (const std::exception& error) {
        return failure(base, "", error.what(), ORT_INVALID_ARGUMENT);
      }
    };
    // The pair below gets no OrtCustomOp, which is why it is made for each op class.
    GetMayInplace = [](int** inputs, int** outputs) -> size_t {
      std::vector<std::pair<int, int>> pairs;
      const Schema& schema = schema_of<Op>();
      for (size_t o = 0; o < schema.outputs.size(); ++o)
        for (int i : schema.outputs[o].may_alias) pairs.emplace_back(i, static_cast<int>(o));
      *inputs = pairs.empty() ? nullptr : new int[pairs.size()];
      *outputs = pairs.empty() ? nullptr : new int[pairs.size()];
      for (size_t p = 0; p < pairs.size(); ++p) {
        (*inputs)[p] = pairs[p].first;
        (*outputs)[p] = pairs[p].second;
      }
      return pairs.size();
    };
    ReleaseMayInplace = [](int* inputs, int* outputs) {
      delete[] inputs;
      delete[] outputs;
    };
  }
};

/// Every signature of the ops listed, for the CPU and, in a build with CUDA, the CUDA provider.
template <typename... Ops>
std::vector<std::unique_ptr<OpBase>> make_ops() {
  std::vector<std::unique_ptr<OpBase>> all;
  const auto add = [&](auto tag) {
    using Op = typename decltype(tag)::type;
    auto types = schema_of<Op>().types;
    if (types.empty()) types.push_back(DType::none);
    for (DType type : types) {
      all.push_back(std::make_unique<CustomOp<Op>>(type, Provider::cpu));
#if defined(FLASHRT_WITH_CUDA)
      all.push_back(std::make_unique<CustomOp<Op>>(type, Provider::cuda));
#endif
    }
  };
  (add(Tag<Ops>{}), ...);
  return all;
}

}  // namespace flashrt::ort
