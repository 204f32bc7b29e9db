#!/usr/bin/env bash
# The one command of this repository: ./build.sh help
. "$(dirname "${BASH_SOURCE[0]}")/eng/common.sh"

help() {
  cat <<'END'
usage: ./build.sh COMMAND

  demo     set up, build, then rewrite, prove and run the models in models/, and print a table
  test     set up, build, run every test; the last line counts them
  native   set up ONNX Runtime and build the native library only: artifacts/native/lib/libflashrt_onnx.so
  pack     set up, build, make the NuGet packages and the flashrt tool: artifacts/packages
  clean    remove what the other commands made in artifacts/
  help     this text

Everything is cached under artifacts/, and a second run does only what is out of date. The flashrt command line is left at
artifacts/bin/flashrt. Needs the .NET 10 SDK, g++, cmake 3.25, ninja, and npm where NuGet does not carry ONNX Runtime.

environment
  FLASHRT_CUDA=AUTO|ON|OFF          CUDA kernels: where there is nvcc (default), always, never
  FLASHRT_CUDA_HOME=DIR             take nvcc from this toolkit
  FLASHRT_CUDA_ARCHITECTURES=90a    build for these architectures only
  FLASHRT_WITH_CUDA_PROVIDER=1|0    fetch ONNX Runtime's CUDA provider (180 MB) or not; by default where there is a GPU
END
}

native() {
  need dotnet g++ cmake ninja
  step 'ONNX Runtime' bash "$root/eng/onnxruntime.sh"
  step 'native library' bash "$root/eng/native.sh"
}

solution() {
  native
  step 'NuGet packages' dotnet restore "$root/FlashRt.sln"
  step 'C# solution' bash "$root/eng/solution.sh"
}

case ${1:-help} in
  demo) solution; exec bash "$root/eng/demo.sh" "${@:2}" ;;
  test) solution; exec bash "$root/eng/test.sh" "${@:2}" ;;
  native) native ;;
  pack) solution; step 'packages' bash "$root/eng/pack.sh"; ls "$artifacts/packages" ;;
  clean) (cd "$artifacts" 2>/dev/null || exit 0; rm -rf bin demo dotnet gpu-tests gpu-tests.tar.xz logs native native-cuda native-gpu onnxruntime packages) ;;
  help | -h | --help) help ;;
  *) help >&2; exit 2 ;;
esac
