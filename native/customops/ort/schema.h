// What an op looks like, as data. The registration, the error messages, the shape function and flashrt_ops_json() all read it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <variant>
#include <vector>

#include "kernels/core/dtype.h"

namespace flashrt::ort {

/// The type of an input or output: a fixed element type, or the op's type variable T.
struct Type {
  DType fixed = DType::none;  // none: the type variable
  static constexpr Type variable() { return {}; }
};
constexpr Type kT{};
constexpr Type kFloat32{DType::f32}, kFloat8{DType::f8e4m3}, kUint8{DType::u8}, kInt8{DType::i8}, kInt64{DType::i64}, kBool{DType::boolean};

struct Input {
  const char* name;
  Type type;
  bool optional = false;
};

struct Output {
  const char* name;
  Type type;
  std::vector<int> may_alias = {};  // inputs whose buffer this output may take (GetMayInplace)
  bool optional = false;
};

using AttributeValue = std::variant<int64_t, float, std::string, std::vector<int64_t>>;

/// An attribute with its default. `values` lists what a string attribute may be; a required attribute has no default.
struct Attribute {
  const char* name;
  AttributeValue value;
  std::vector<std::string> values = {};
  bool required = false;
};

struct Schema {
  std::vector<Input> inputs;
  std::vector<Output> outputs;
  std::vector<Attribute> attributes = {};
  std::vector<DType> types = {DType::f32, DType::f16, DType::bf16};  // what T may be; empty: the op has no type variable
  bool type_from_output_dtype = false;  // T is not an input's type: attribute output_dtype names it
};

}  // namespace flashrt::ort
