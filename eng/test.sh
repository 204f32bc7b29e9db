#!/usr/bin/env bash
# Runs the built test executables, one line each, and ends with the line 'N passed, N failed, N skipped'.
# Fails when a test failed, when a project ran no test, or when one broke off.
# usage: eng/test.sh [PROJECT...] [-- ARGUMENTS]     PROJECT: a folder of tests/, all by default; ARGUMENTS: for the executables
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
. "$root/eng/run-tests.sh"

projects=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do projects+=("$1"); shift; done
[ "${1:-}" != -- ] || shift
if [ ${#projects[@]} = 0 ]; then
  for project in "$root"/tests/*.Tests; do projects+=("$(basename "$project")"); done
fi

mkdir -p "$artifacts/logs"
for project in "${projects[@]}"; do
  run_tests "$project" "$artifacts/logs/$project.log" "$dotnet_out/bin/$project/release/$project" "$@"
done
summarise_tests
