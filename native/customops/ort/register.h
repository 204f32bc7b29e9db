#pragma once

#include <memory>
#include <vector>

#include "ort/op.h"

namespace flashrt::ort {

/// The registration table: an entry for each op, value of its type variable, and provider.
const std::vector<std::unique_ptr<OpBase>>& registered_ops();

}  // namespace flashrt::ort
