#!/usr/bin/env bash
# Sets ONNX Runtime up in artifacts/onnxruntime:
#   include/         its C and C++ headers, for the native build
#   feed/            a local NuGet feed, where the machine's NuGet source lacks the version that we use
#   cuda-provider/   libonnxruntime_providers_{cuda,shared}.so, with a local feed on machines with a GPU
#   state            what was set up, so that the next run has nothing to do
# The feed's packages have the official ids and version: Microsoft.ML.OnnxRuntime.Managed is compiled from the release's
# C# sources, Microsoft.ML.OnnxRuntime.Gpu.Linux holds libonnxruntime.so and the headers. They differ from the official
# ones in content, so Directory.Build.props keeps them out of the user's global package folder.
#
# FLASHRT_WITH_CUDA_PROVIDER=1|0   fetch the CUDA provider (180 MB) or not, whether or not there is a GPU
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
. "$root/eng/versions.sh"

target=$artifacts/onnxruntime

# Is a package of our version in the NuGet sources of this machine? No answer counts as no.
machine_has() {
  timeout 60 dotnet package search "$1" --exact-match --format json 2>/dev/null | grep -q "\"version\": \"$onnxruntime_version\""
}

# fetch PACKAGE SHA512: prints the file name of the npm package, downloaded into the current folder and checked.
fetch() {
  local file got
  file=$(npm pack "$1" --silent --ignore-scripts | tail -1) || file=
  [ -s "$file" ] || die "npm could not download $1"
  got=$(sha512sum "$file" | cut -d' ' -f1)
  if [ "$got" != "$2" ]; then
    rm -f "$file"
    die "the download of $1 is not the file that eng/versions.sh pins, and was deleted.
  expected sha512 $2
  got             $got"
  fi
  echo "$file"
}

# Everything is made in a scratch folder and moved into place at the end.
# NuGet's copies of an earlier feed go too, since the versions are the same.
from_npm() {
  need npm
  cd "$work"
  mkdir -p native feed include
  local file
  file=$(fetch "$ort_api_package" "$ort_api_sha512")
  tar xzf "$file" --wildcards 'package/Runtime/*' '*/ios-arm64/onnxruntime.framework/Headers/*'
  rm "$file"; mv package api
  cp "$(dirname "$(find api -name onnxruntime_c_api.h | head -1)")"/*.h include/

  file=$(fetch "$ort_native_package" "$ort_native_sha512")
  tar xzf "$file" package/bin/napi-v6/linux/x64/libonnxruntime.so.1
  rm "$file"; mv package/bin/napi-v6/linux/x64/libonnxruntime.so.1 native/libonnxruntime.so; rm -r package

  local project
  for project in Managed Gpu.Linux; do
    dotnet pack "$root/eng/onnxruntime/$project.csproj" -c Release -v q -p:NpmFiles="$work/" -p:ArtifactsPath="$work/dotnet" -p:PackageOutputPath="$work/feed"
  done

  rm -rf "$target"; mkdir -p "$target"
  mv feed include "$target/"
}

cuda_provider_from_npm() {
  need npm
  cd "$work"
  local file
  file=$(fetch "$ort_cuda_package" "$ort_cuda_sha512")
  mkdir -p cuda-provider
  tar xzf "$file" --no-same-owner --strip-components=4 -C cuda-provider package/Plugins/Linux/x64/libonnxruntime_providers_{cuda,shared}.so
  rm "$file"
  rm -rf "$target/cuda-provider"; mv cuda-provider "$target/"
}

# The official package brings the headers; it is restored into the global package folder as by any project.
from_machine() {
  cd "$work"
  printf '%s\n' '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup><ItemGroup>' \
    "<PackageReference Include=\"Microsoft.ML.OnnxRuntime.Gpu.Linux\" Version=\"[$onnxruntime_version]\" GeneratePathProperty=\"true\" /></ItemGroup></Project>" > headers.csproj
  dotnet restore headers.csproj -v q
  local package
  package=$(dotnet msbuild headers.csproj -getProperty:PkgMicrosoft_ML_OnnxRuntime_Gpu_Linux)
  [ -f "$package/buildTransitive/native/include/onnxruntime_c_api.h" ] || die "$package holds no ONNX Runtime headers"
  rm -rf "$target"; mkdir -p "$target"
  cp -r "$package/buildTransitive/native/include" "$target/"
}

# A recipe that has changed is a reason to start over.
key=$(cat "$root/eng/versions.sh" "$root"/eng/onnxruntime/*.csproj | sha256sum | cut -c1-16)-$onnxruntime_version
state=$(cat "$target/state" 2>/dev/null || true)

work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
if [ "${state%% *}" != "$key" ]; then
  if machine_has Microsoft.ML.OnnxRuntime.Managed && machine_has Microsoft.ML.OnnxRuntime.Gpu.Linux; then
    from_machine; state="$key machine"
  else
    from_npm; state="$key npm"
  fi
  echo "$state" > "$target/state"
fi
if [ "${state##* }" = npm ] && wants_cuda_provider && [ ! -d "$target/cuda-provider" ]; then
  cuda_provider_from_npm
fi
case ${state##* } in
  machine) note "$onnxruntime_version from this machine's NuGet source" ;;
  npm) note "$onnxruntime_version, local feed$([ ! -d "$target/cuda-provider" ] || echo ', CUDA provider')" ;;
esac
