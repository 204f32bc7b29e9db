#!/usr/bin/env bash
# Writes docs/coverage.md: what is fused and proved in the models of the repository, and in ../shared/models where that is there.
# usage: eng/coverage.sh      after ./build.sh test
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

sets=("The models of this repository=$root/models" "Ten architectures of our own choice (models/architectures)=$root/models/architectures")
[ -d "$root/../shared/models" ] && sets+=("Twenty more exports, not in this repository=$root/../shared/models")
dotnet "$dotnet_out/bin/Coverage/release/Coverage.dll" "$root/docs/coverage.md" "${sets[@]}"
