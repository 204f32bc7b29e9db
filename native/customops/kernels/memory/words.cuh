// Copies by the widest word that everything is aligned to.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "kernels/core/dtype.h"

namespace flashrt {

/// The bits that matter for alignment: those of addresses and byte counts, or-ed together.
inline uint64_t bits_of(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer); }

/// Calls run(Tag<Word>) with the widest of 16, 8, 4, 2 and 1 bytes that divides all addresses and sizes in `bits`.
template <typename Run>
void dispatch_word(uint64_t bits, Run&& run) {
  if (bits % 16 == 0) run(Tag<uint4>{});
  else if (bits % 8 == 0) run(Tag<uint2>{});
  else if (bits % 4 == 0) run(Tag<uint32_t>{});
  else if (bits % 2 == 0) run(Tag<uint16_t>{});
  else run(Tag<uint8_t>{});
}

}  // namespace flashrt
