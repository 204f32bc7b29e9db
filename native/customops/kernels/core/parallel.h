// Lets a CPU kernel use its caller's thread pool without knowing it.
#pragma once

#include <algorithm>
#include <cstdint>

namespace flashrt {

/// Runs chunks on the pool behind `run`, or in order on this thread when there is none.
struct Parallel {
  void* pool = nullptr;
  void (*run)(void* pool, int64_t chunks, void (*chunk)(void* body, int64_t index), void* body) = nullptr;

  /// body(begin, end) over [0, total), in chunks of at least `grain`. The body must not throw.
  template <typename Body>
  void operator()(int64_t total, int64_t grain, const Body& body) const {
    constexpr int64_t kMaxChunks = 64;
    const int64_t chunks = run == nullptr ? 1 : std::min(kMaxChunks, std::max<int64_t>(1, total / std::max<int64_t>(1, grain)));
    if (chunks == 1) {
      if (total > 0) body(int64_t{0}, total);
      return;
    }
    struct Job { const Body* body; int64_t total, chunks; } job{&body, total, chunks};
    run(pool, chunks, [](void* raw, int64_t index) {
      const Job& j = *static_cast<const Job*>(raw);
      const int64_t begin = j.total * index / j.chunks, end = j.total * (index + 1) / j.chunks;
      if (begin < end) (*j.body)(begin, end);
    }, &job);
  }
};

}  // namespace flashrt
