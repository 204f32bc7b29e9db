#!/usr/bin/env python3
"""Joins what run.sh measured into one table: table.py OUT_DIR NAME..."""
import collections
import datetime
import json
import os
import subprocess
import sys

import onnx

LAYERS = 4


def read(path):
    return json.load(open(path)) if os.path.exists(path) else None


def why(path):
    """The last line that says something, of a log."""
    lines = [line.strip() for line in open(path, errors="replace") if line.strip()] if os.path.exists(path) else ["not run"]
    errors = [line for line in lines if "error" in line.lower() or "cannot" in line.lower()]
    return (errors or lines)[0 if errors else -1][:300].replace("|", "\\|")


def number(value):
    return f"{value:.0f}" if isinstance(value, (int, float)) else "fails"


def main():
    out, names = sys.argv[1], sys.argv[2:]
    rows, remarks, nodes, errors = [], [], [], []
    for name in names:
        folder = os.path.join(out, name)
        torch = read(os.path.join(folder, "torch.json")) or {"what": name, "eager": "not run", "compile": "not run"}
        times = {"eager": torch["eager"], "compile": torch["compile"]}
        for mode in ("stock", "stock-graph", "ours", "ours-graph"):
            report = read(os.path.join(folder, mode + ".json"))
            times[mode] = report["p50_us"] if report else None
            if report is None:
                remarks.append(f"- {name}, {mode}: {why(os.path.join(folder, mode + '.log'))}")
        for mode in ("eager", "compile"):
            if isinstance(times[mode], str):
                remarks.append(f"- {name}, {mode}: {times[mode]}")
        ours, best = times["ours-graph"], times["stock-graph"] or times["stock"]
        ratio = lambda other: f"{other / ours:.2f}" if ours and isinstance(other, (int, float)) else ""
        rows.append(f"| {name} | {torch['what']} | " + " | ".join(number(times[m]) for m in ("eager", "compile", "stock", "stock-graph", "ours", "ours-graph"))
                    + f" | {ratio(best)} | {ratio(times['compile'])} |")
        path = os.path.join(folder, "flashrt.onnx")
        if os.path.exists(path):
            graph = onnx.load(path, load_external_data=False).graph
            before = len(onnx.load(os.path.join(folder, "model.onnx"), load_external_data=False).graph.node)
            kinds = collections.Counter(n.op_type for n in graph.node)
            listed = ", ".join(f"{kind} {count / LAYERS:g}" for kind, count in kinds.most_common())
            nodes.append(f"| {name} | {before / LAYERS:.1f} | {len(graph.node) / LAYERS:.1f} | {listed} |")
        if "error" in torch:
            errors.append(f"| {name} | PyTorch float16, eager | {torch['output']} | PyTorch float32 | {torch['error']['max_abs']:.2e} | {torch['error']['cosine']:.7f} | |")
        proof = read(os.path.join(folder, "validate.json"))
        if proof is None:
            remarks.append(f"- {name}, validate: {why(os.path.join(folder, 'validate.log'))}")
        else:
            for kind in ("outputs", "recorded"):
                for o in proof.get(kind, [])[:1]:
                    against = "PyTorch float32" if kind == "recorded" else "the exported model on ORT's CPU provider"
                    errors.append(f"| {name} | FlashRt, CUDA | {o['name']} | {against} | {o['max_abs']:.2e} | {o['cosine']:.7f} | {'yes' if o['passed'] else 'no'} |")
    driver = subprocess.run(["nvidia-smi", "--query-gpu=name,driver_version,clocks.max.sm", "--format=csv,noheader"], capture_output=True, text=True).stdout.strip()
    first = read(os.path.join(out, names[0], "torch.json")) or {}
    print(f"GPU {driver}, {datetime.date.today()}, PyTorch {first.get('torch')}, transformers {first.get('transformers')}, ONNX Runtime 1.29.0. "
          "Median microseconds of one run, synchronised, weights and inputs in place.\n")
    print("| | what | eager + graph | torch.compile + graph | stock ORT | stock ORT + graph | FlashRt | FlashRt + graph | over stock ORT | over torch.compile |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    print("\n".join(rows))
    print("\n| | nodes a layer, exported | rewritten | which |\n|---|---|---|---|")
    print("\n".join(nodes))
    print("\n| | what | output | against | max abs error | cosine | within tolerance |\n|---|---|---|---|---|---|---|")
    print("\n".join(errors))
    if remarks:
        print("\nWhat failed, in its own words:\n")
        print("\n".join(remarks))


if __name__ == "__main__":
    main()
