# shellcheck shell=bash disable=SC2034,SC2154
# What set-up downloads. NuGet versions, that of ONNX Runtime included, are in Directory.Packages.props.
onnxruntime_version=$(sed -n 's:.*<OnnxRuntimeVersion>\(.*\)</OnnxRuntimeVersion>.*:\1:p' "$root/Directory.Packages.props")

# npm packages of the ONNX Runtime 1.29.0 release, for machines whose NuGet source lacks it. Each with its sha512.
# All three carry ONNX Runtime commit 2e2543fbe9: change them together with OnnxRuntimeVersion.
ort_api_package=com.github.asus4.onnxruntime@0.4.9                     # C# sources of the managed API, C and C++ headers
ort_api_sha512=064cf176e499f4891e0cfe90f25cf64c553689eee1492bd2ed921fccca28131a2ad02373267bae19a509ec8b288c182a3b8a2e0f58d76a1f0e63225b08ddbd16
ort_native_package=onnxruntime-node@1.29.0                             # libonnxruntime.so with the CUDA provider bridge
ort_native_sha512=5a3895541ef6ae220bcfc1db62fc6f9a32b213f5a6918a127ca63ef9ac68e63011eb4f47420f0cc221bf1e14a1a537097e6980773c71981f8c3124f703e4a23c
ort_cuda_package=com.github.asus4.onnxruntime.linux-x64-gpu@0.4.9      # libonnxruntime_providers_{cuda,shared}.so, CUDA 13
ort_cuda_sha512=168a4884d13f360fafd97eb9c1573d7253c2042be1bc0e771f1a3653429fe5f19d56c0bb88203e999d0a2d6820710023ed3219ea9362751e000b5d20ef85e8eb
