// What the current device and this build can do.
#pragma once

namespace flashrt {

/// True when the library holds machine code for the current device.
bool has_kernels_for_current_device();

/// 10 * major + minor of the current device.
int compute_capability();

}  // namespace flashrt
