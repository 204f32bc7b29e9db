#!/usr/bin/env bash
# Packs the test executables for a machine without .NET SDK and network, to be run there by eng/gpu-tests.sh:
#   artifacts/gpu-tests          every test project, framework-dependent, in one folder
#   artifacts/gpu-tests.tar.xz   the same, packed
# Left out, since that machine brings its own: libonnxruntime*.so and libflashrt_onnx.so. The models are read from the
# working tree around artifacts/.
# usage: eng/publish-tests.sh [PROJECT...]     folders of tests/, all by default; built before by ./build.sh test
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

projects=("$@")
if [ ${#projects[@]} = 0 ]; then
  for project in "$root"/tests/*.Tests; do projects+=("$(basename "$project")"); done
fi
out=$artifacts/gpu-tests
rm -rf "$out" "$out.tar.xz"

for project in "${projects[@]}"; do
  step "publish $project" dotnet publish "$root/tests/$project" -c Release --no-build -o "$out" -p:CreateHardLinksForPublishFilesIfPossible=false -p:UseAppHost=false
done
# A portable application starts as 'dotnet X.Tests.dll'. Managed assemblies and their .json are all it needs, .pdb gives line numbers.
rm -rf "$out/runtimes"
find "$out" -type f ! -name '*.dll' ! -name '*.json' ! -name 'FlashRt.*.pdb' ! -name '*.Tests.pdb' -delete
find "$out" -type d -empty -delete

tar c --sort=name --owner=0 --group=0 -C "$out" . | xz -9e -T0 > "$out.tar.xz"
echo "$(find "$out" -name '*.Tests.dll' | wc -l) test executables, $(du -h "$out.tar.xz" | cut -f1): ${out#"$root"/}.tar.xz"
