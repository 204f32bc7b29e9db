#!/usr/bin/env bash
# Packs the programs for a machine without .NET SDK and network, where eng/gpu-tests.sh runs the tests:
#   artifacts/gpu-tests          the test projects, samples, benches and the flashrt command line, framework-dependent, in one folder
#   artifacts/gpu-tests.tar.xz   the same, packed
# They start as 'dotnet artifacts/gpu-tests/NAME.dll'. Left out, since that machine brings its own: libonnxruntime*.so and
# libflashrt_onnx.so. The models are read from the working tree around artifacts/.
# usage: eng/publish-tests.sh      after ./build.sh test
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

out=$artifacts/gpu-tests
rm -rf "$out" "$out.tar.xz"
for project in "$root"/tests/*.Tests "$root"/samples/*/ "$root"/benches/*/; do
  ls "$project"/*.csproj >/dev/null 2>&1 || continue
  step "publish $(basename "$project")" dotnet publish "$project" -c Release --no-build -o "$out" -p:UseAppHost=false -p:CreateHardLinksForPublishFilesIfPossible=false
done
# .pdb files give failures their line numbers.
rm -rf "$out/runtimes"
find "$out" -type f ! -name '*.dll' ! -name '*.json' ! -name 'FlashRt.*.pdb' ! -name '*.Tests.pdb' -delete
find "$out" -type d -empty -delete

tar c --sort=name --owner=0 --group=0 -C "$out" . | xz -9e > "$out.tar.xz"
echo "$(find "$out" -name '*.runtimeconfig.json' | wc -l) programs, $(du -h "$out.tar.xz" | cut -f1): ${out#"$root"/}.tar.xz"
