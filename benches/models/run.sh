#!/usr/bin/env bash
# The five real-size workloads: PyTorch, stock ONNX Runtime and FlashRt, all on one machine: run.sh torch|onnx OUT_DIR
#   torch   exports the workloads and times PyTorch                      (needs python3 with torch, transformers and onnx)
#   onnx    rewrites, times and proves them, then writes OUT_DIR/models.md   (needs dotnet; FLASHRT is the flashrt.dll)
# Every measurement is a process of its own: a crash of one is a result, not the end.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
step=$1 out=$2
names=${NAMES:-w1 w2 w3 w4 w5}
mkdir -p "$out"

torch() {
  echo "$names" > "$out/all"
  for name in $names; do rm -f "$out/$name/ready"; timeout 400 python3 "$here/workloads.py" "$name" "$out" > "$out/$name.torch.log" 2>&1 & done
  wait
  for name in $names; do tail -n 1 "$out/$name.torch.log"; done
}

# measure NAME MODE MODEL OPTION...: $out/NAME/MODE.json, or what went wrong in MODE.log
measure() {
  local name=$1 mode=$2 model=$3; shift 3
  rm -f "$out/$name/$mode.json"
  timeout 60 dotnet "$FLASHRT" bench "$out/$name/$model" --provider cuda --report "$out/$name/$mode.json" "$@" > "$out/$name/$mode.log" 2>&1
  echo "exit $?" >> "$out/$name/$mode.log"
}

onnx() {
  for name in $names; do
    dotnet "$FLASHRT" rewrite "$out/$name/model.onnx" -o "$out/$name/flashrt.onnx" --report "$out/$name/rewrite.json" > "$out/$name/rewrite.log" 2>&1 \
      || { tail -n 3 "$out/$name/rewrite.log"; continue; }
    measure "$name" stock model.onnx --no-library
    measure "$name" stock-graph model.onnx --no-library --cuda-graph
    measure "$name" ours flashrt.onnx
    measure "$name" ours-graph flashrt.onnx --cuda-graph
  done
  for name in $names; do
    timeout 150 dotnet "$FLASHRT" validate "$out/$name/model.onnx" "$out/$name/flashrt.onnx" --provider cuda --data "$out/$name" \
      --report "$out/$name/validate.json" > "$out/$name/validate.log" 2>&1 &
  done
  wait
  python3 "$here/table.py" "$out" $names > "$out/models.md"
  cat "$out/models.md"
}

"$step"
