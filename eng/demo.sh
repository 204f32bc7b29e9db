#!/usr/bin/env bash
# Runs the demo program, samples/Demo, as built by eng/solution.sh. Arguments go to it.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$root"
exec dotnet run --project samples/Demo -c Release --no-build -- "$@"
