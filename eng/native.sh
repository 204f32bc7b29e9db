#!/usr/bin/env bash
# Builds the native library: OUT/lib/libflashrt_onnx.so. With nvcc at hand it has the CUDA kernels too.
# usage: eng/native.sh [OUT]     OUT is artifacts/native by default
# Environment: FLASHRT_CUDA, FLASHRT_CUDA_HOME, FLASHRT_CUDA_ARCHITECTURES, ...: see native/customops/CMakeLists.txt;
#              ORT_INCLUDE_DIR, the ONNX Runtime headers, by default those of eng/onnxruntime.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
out=${1:-$artifacts/native}
headers=${ORT_INCLUDE_DIR:-$artifacts/onnxruntime/include}

# CMake remembers the compiler it found first, so another choice of compiler or of settings starts afresh.
settings=$(env | grep -E '^(FLASHRT_(CUDA|CPU|BUILD|WARN)|CXX|CUDACXX|CXXFLAGS|CUDAFLAGS)' | sort; command -v c++ nvcc || true; ls /usr/local/cuda/bin/nvcc 2>/dev/null || true; echo "$root $headers")
fresh=()
[ "$settings" = "$(cat "$out/settings" 2>/dev/null)" ] || fresh=(--fresh)
mkdir -p "$out"
cmake "${fresh[@]}" -G Ninja -S "$root/native/customops" -B "$out" -DFLASHRT_ORT_INCLUDE_DIR="$headers" | tee "$out/configure.log"
printf '%s\n' "$settings" > "$out/settings"
cmake --build "$out" -- -k 0   # every error in one run
note "$(sed -n 's/^-- FlashRt: //p' "$out/configure.log")"
