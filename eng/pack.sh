#!/usr/bin/env bash
# Packs the built solution's libraries and the flashrt tool into artifacts/packages.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
rm -rf "$artifacts/packages"
dotnet pack "$root/FlashRt.sln" -c Release --no-build
note "$(find "$artifacts/packages" -name '*.nupkg' | wc -l) packages, $(du -sh "$artifacts/packages" | cut -f1)"
