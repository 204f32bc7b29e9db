// Errors of the kernel layer. The ORT layer turns them into statuses that name the op and the node.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace flashrt {

/// What a kernel throws: the text says what was expected, what came, and what to do.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Throws an Error made of the parts unless the condition holds. The parts are only formatted on failure.
template <typename... Parts>
inline void check(bool condition, const Parts&... parts) {
  if (condition) return;
  std::ostringstream text;
  (text << ... << parts);
  throw Error(text.str());
}

}  // namespace flashrt
