#!/usr/bin/env bash
# Builds the native library with nvcc for this machine's GPU and runs published tests with it. Needs the CUDA toolkit,
# cmake, ninja and the .NET runtime, but neither .NET SDK nor network.
# usage: eng/gpu-tests.sh [--sanitize TOOLS] [--filter FILTER] [TESTS] [PROJECT...]
#   TESTS             what eng/publish-tests.sh made, folder or .tar.xz; artifacts/gpu-tests.tar.xz or artifacts/gpu-tests by default
#   PROJECT           run only these, e.g. CustomOps.Tests
#   --sanitize TOOLS  run CustomOps.Tests also under compute-sanitizer, e.g. memcheck or memcheck,racecheck
#   --filter FILTER   of the sanitized run: an MSTest filter, e.g. ClassName~NormTests
# Environment:
#   ORT_INCLUDE_DIR   ONNX Runtime's C and C++ headers; by default artifacts/onnxruntime/include
#   ORT_LIB_DIR       libonnxruntime.so and the CUDA provider, unless they are on LD_LIBRARY_PATH already
#   FLASHRT_CUDA_ARCHITECTURES   by default that of this machine's GPU
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
. "$root/eng/run-tests.sh"

sanitizers='' filter='' tests='' projects=()
while [ $# -gt 0 ]; do
  case $1 in
    --sanitize) sanitizers=$2; shift 2 ;;
    --filter) filter=$2; shift 2 ;;
    -*) die "unknown option $1: see the head of eng/gpu-tests.sh" ;;
    *) if [ -e "$1" ] && [ -z "$tests" ]; then tests=$1; else projects+=("$1"); fi; shift ;;
  esac
done
need cmake ninja g++
dotnet --list-runtimes 2>/dev/null | grep -q '^Microsoft.NETCore.App 10\.' || die "no .NET 10 runtime on PATH"

if [ -z "$tests" ]; then
  tests=$artifacts/gpu-tests.tar.xz
  [ -f "$tests" ] || tests=$artifacts/gpu-tests
fi
if [ -f "$tests" ]; then
  rm -rf "$artifacts/gpu-tests"; mkdir -p "$artifacts/gpu-tests"
  tar xJf "$tests" -C "$artifacts/gpu-tests"
  tests=$artifacts/gpu-tests
fi
[ -d "$tests" ] || die "no published tests in $tests: run eng/publish-tests.sh where there is a .NET SDK"
if [ ${#projects[@]} = 0 ]; then
  for test in "$tests"/*.Tests.dll; do projects+=("$(basename "$test" .dll)"); done
fi

# 9.0 → 90a: from Hopper on, the kernels use the features of exactly this architecture.
if [ -z "${FLASHRT_CUDA_ARCHITECTURES:-}" ]; then
  capability=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader | head -1 | tr -d '. ')
  [ "$capability" -lt 90 ] || capability+=a
  export FLASHRT_CUDA_ARCHITECTURES=$capability-real
fi
nvidia-smi --query-gpu=name,driver_version --format=csv,noheader

# A toolkit may be newer than any that the sources have met, and bring new warnings.
export FLASHRT_CUDA=ON FLASHRT_BUILD_BENCH=ON FLASHRT_WARNINGS_AS_ERRORS=${FLASHRT_WARNINGS_AS_ERRORS:-OFF}
native=$artifacts/native-gpu
step 'native library' bash "$root/eng/native.sh" "$native"
export FLASHRT_NATIVE_LIBRARY=$native/lib/libflashrt_onnx.so
export LD_LIBRARY_PATH=${ORT_LIB_DIR:+$ORT_LIB_DIR:}${LD_LIBRARY_PATH:-}

# check NAME COMMAND...: one result that is not an MSTest test.
check() {
  local name=$1 log=$artifacts/logs/gpu-$1.log started=${EPOCHREALTIME/[.,]/} result=ok; shift
  printf '%-46s' "==> $name"
  "$@" >"$log" 2>&1 </dev/null || result=FAILED
  if [ $result = ok ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
  printf '%-6s %5s s  %s\n' "$result" "$(seconds_since "$started")" "$(grep 'ERROR SUMMARY\|RACECHECK SUMMARY' "$log" | tail -1)"
  [ $result = ok ] || tail -n 100 "$log" | sed 's/^/    /'
}

for source in "$root"/native/customops/tests/*.cu "$root"/native/customops/tests/*.cpp; do
  [ -f "$source" ] || continue
  program=$(basename "${source%.*}")
  check "$program" "$native/bin/$program"
done
for project in "${projects[@]}"; do
  run_tests "$project" "$artifacts/logs/gpu-$project.log" dotnet "$tests/$project.dll"
done
for tool in ${sanitizers//,/ }; do
  # Leaks at exit and CUDA's own probing calls are no errors of the kernels. Neither tool can follow cuBLASLt's kernels: initcheck does not see
  # what they store by bulk copies, racecheck breaks off in them.
  case $tool in initcheck | racecheck) library=off ;; *) library= ;; esac
  FLASHRT_CUBLASLT=$library check "$tool" compute-sanitizer --tool "$tool" --target-processes all --report-api-errors no --error-exitcode 99 \
    dotnet "$tests/CustomOps.Tests.dll" --progress off --no-ansi ${filter:+--filter "$filter"}
done
summarise_tests
