#!/usr/bin/env python3
"""Times PyTorch at the shapes of a kernel_bench run and joins both into one Markdown table.

usage: peers.py KERNEL_BENCH.json OUT.md

Peers are PyTorch's own op where it has one (F.rms_norm, F.layer_norm, F.gelu, ...) and torch.compile of the formula where it has none,
each captured in a CUDA graph of 24 calls that rotate over buffers, timed with events: the protocol of native/customops/bench.
"""
import datetime
import json
import statistics
import subprocess
import sys

import torch
import torch.nn.functional as F

CALLS, REPLAYS, TARGET_BYTES = 24, 40, 200 << 20
DTYPES = {"float16": torch.float16, "bfloat16": torch.bfloat16, "float32": torch.float32, "float8e4m3fn": torch.float8_e4m3fn, "int8": torch.int8}
E4M3_MAX = 448.0


def to_fp8(value, scale):
    return (value.float() * (1.0 / scale)).clamp(-E4M3_MAX, E4M3_MAX).to(torch.float8_e4m3fn)


def graph_time(call, sets):
    """Median microseconds of one call inside a CUDA graph; call(i) uses buffer set i."""
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for i in range(3):
            call(i % sets)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=stream):
        for i in range(CALLS):
            call(i % sets)
    times = []
    for replay in range(REPLAYS + 5):
        start, stop = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        graph.replay()
        stop.record()
        stop.synchronize()
        if replay >= 5:
            times.append(start.elapsed_time(stop) * 1000 / CALLS)
    return statistics.median(times)


def numbers(shape):
    return [int(part) for part in shape.split("x")]


class Peer:
    """One PyTorch implementation: `make(shape, dtype)` returns the input tensors, `run(*tensors)` computes."""

    def __init__(self, name, make, run, compiled):
        self.name, self.make, self.run, self.compiled = name, make, run, compiled

    def microseconds(self, shape, dtype, bytes_moved):
        sets = max(2, min(CALLS, int(TARGET_BYTES // max(1, bytes_moved)) + 1))
        inputs = [self.make(shape, dtype) for _ in range(sets)]
        run = torch.compile(self.run, dynamic=False) if self.compiled else self.run
        return graph_time(lambda i: run(*inputs[i]), sets)


def randn(*shape, dtype):
    return torch.randn(*shape, device="cuda", dtype=dtype)


def rows_and_weights(count):
    def make(shape, dtype):
        rows, cols = shape
        return [randn(rows, cols, dtype=dtype)] + [randn(cols, dtype=dtype) for _ in range(count)] + [torch.full((1,), 0.02, device="cuda")]
    return make


def two_rows_and_weights(count):
    def make(shape, dtype):
        rows, cols = shape
        return [randn(rows, cols, dtype=dtype), randn(rows, cols, dtype=dtype)] + [randn(cols, dtype=dtype) for _ in range(count)] + [torch.full((1,), 0.02, device="cuda")]
    return make


def add_norm(norm):
    def run(residual, x, *rest):
        total = residual + x
        return total, norm(total, *rest)
    return run


def rms(x, w, s):
    return F.rms_norm(x, (x.shape[-1],), w, 1e-6)


def layer(x, w, b, s):
    return F.layer_norm(x, (x.shape[-1],), w, b, 1e-6)


def rms_quantized(x, w, s):
    return to_fp8(rms(x, w, s), s)


def ada_layer(x, scale, shift, s):
    return F.layer_norm(x, (x.shape[-1],), None, None, 1e-6) * (1 + scale) + shift


def gelu_gate(merged, s):
    gate, up = merged.chunk(2, dim=-1)
    return F.gelu(gate, approximate="tanh") * up


def gelu_gate_quantized(merged, s):
    return to_fp8(gelu_gate(merged, s), s)


def merged_rows(shape, dtype):
    return [randn(*shape, dtype=dtype), torch.full((1,), 0.02, device="cuda")]


def rotary(shape, dtype):
    tokens, heads, head_dim = shape
    return [randn(tokens, heads, head_dim, dtype=dtype), randn(tokens, 1, head_dim, dtype=dtype), randn(tokens, 1, head_dim, dtype=dtype)]


def rotate_half(x, cos, sin):
    first, second = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-second, first), dim=-1) * sin


def measured_fp8(x, s):
    scale = (x.float().abs().amax() / E4M3_MAX).clamp(min=1e-12)
    return to_fp8(x, scale), scale


def operands(shape, dtype):
    m, n, k = shape
    return [randn(m, k, dtype=dtype), randn(n, k, dtype=dtype)]


def fp8_operands(shape, dtype):
    m, n, k = shape
    one = torch.ones((), device="cuda")
    return [randn(m, k, dtype=torch.float16).to(torch.float8_e4m3fn), randn(n, k, dtype=torch.float16).to(torch.float8_e4m3fn), one, one]


def fp8_product(a, b, a_scale, b_scale):
    return torch._scaled_mm(a, b.t(), scale_a=a_scale, scale_b=b_scale, out_dtype=torch.float16)


def attention_operands(shape, dtype):
    batch, queries, keys, heads, kv_heads, dim = shape
    make = lambda tokens, count: randn(batch, tokens, count, dim, dtype=dtype).transpose(1, 2)
    return [make(queries, heads), make(keys, kv_heads), make(keys, kv_heads)]


class BestAttention(Peer):
    """F.scaled_dot_product_attention on whichever of its back ends is fastest."""

    def __init__(self, causal):
        super().__init__("", attention_operands, None, False)
        self.causal = causal

    def microseconds(self, shape, dtype, bytes_moved):
        from torch.nn.attention import SDPBackend, sdpa_kernel
        best = None
        for backend in (SDPBackend.CUDNN_ATTENTION, SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION):
            self.run = lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=self.causal, enable_gqa=q.shape[1] != k.shape[1])
            try:
                with sdpa_kernel(backend):
                    us = super().microseconds(shape, dtype, bytes_moved)
            except RuntimeError:  # the back end does not take the shape
                continue
            if best is None or us < best:
                best, self.name = us, "SDPA, " + backend.name.split("_")[0].lower()
        return best


def int8_operands(shape, dtype):
    m, n, k = shape
    return [torch.randint(-127, 128, (rows, k), device="cuda", dtype=torch.int8) for rows in (m, n)]


PEERS = {
    "Attention": BestAttention(False),
    "Attention causal": BestAttention(True),
    "SoftmaxRows": Peer("F.softmax", merged_rows, lambda x, s: F.softmax(x, -1), False),
    "RmsNorm": Peer("F.rms_norm", rows_and_weights(1), rms, False),
    "RmsNormQuantize": Peer("torch.compile", rows_and_weights(1), rms_quantized, True),
    "AddRmsNorm": Peer("torch.compile", two_rows_and_weights(1), add_norm(rms), True),
    "AddRmsNormQuantize": Peer("torch.compile", two_rows_and_weights(1), add_norm(rms_quantized), True),
    "LayerNorm": Peer("F.layer_norm", rows_and_weights(2), layer, False),
    "AddLayerNorm": Peer("torch.compile", two_rows_and_weights(2), add_norm(layer), True),
    "GatedActivation": Peer("torch.compile", merged_rows, gelu_gate, True),
    "GatedActivationQuantize": Peer("torch.compile", merged_rows, gelu_gate_quantized, True),
    "Gelu": Peer("torch.compile", rows_and_weights(1), lambda x, bias, s: F.gelu(x + bias, approximate="tanh"), True),
    "ResidualAdd": Peer("torch.compile", two_rows_and_weights(1), lambda residual, x, bias, s: residual + x + bias, True),
    "RotaryEmbedding": Peer("torch.compile", rotary, rotate_half, True),
    "QuantizeFp8": Peer("torch.compile", merged_rows, to_fp8, True),
    "QuantizeFp8 dynamic": Peer("torch.compile", merged_rows, measured_fp8, True),
    "Gemm": Peer("torch.matmul", operands, lambda a, b: a @ b.t(), False),
    "Fp8Gemm": Peer("torch._scaled_mm", fp8_operands, fp8_product, False),
    "Int8Gemm": Peer("torch._int_mm", int8_operands, lambda a, b: torch._int_mm(a, b.t()), False),
    "AdaLayerNorm": Peer("torch.compile", rows_and_weights(2), ada_layer, True),
}


def main():
    source, target = sys.argv[1:3]
    with open(source) as file:
        ours = json.load(file)
    torch.manual_seed(0)
    driver = subprocess.run(["nvidia-smi", "--query-gpu=driver_version,clocks.max.sm", "--format=csv,noheader"], capture_output=True, text=True).stdout.strip()
    toolkit = ours["cudart"]
    lines = [
        f"GPU {ours['device']}, {datetime.date.today()}, driver and SM clock {driver}, CUDA {toolkit // 1000}.{toolkit % 1000 // 10}, PyTorch {torch.__version__}. "
        f"Copy ceiling measured in the same run: {ours['copy_bytes_per_us'] / 1e6:.2f} TB/s (read plus written).",
        "",
        "| op | shape | dtype | us | GB/s | TFLOP/s | of copy | peer | peer us | speed-up |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in ours["rows"]:
        name, peer_us = "", None
        peer = PEERS.get(row["op"])
        if peer is not None and row["dtype"] in DTYPES:
            torch._dynamo.reset()
            try:
                peer_us = peer.microseconds(numbers(row["shape"]), DTYPES[row["dtype"]], row["bytes"])
            except RuntimeError as error:
                print(row["op"], row["shape"], "peer refused:", str(error).splitlines()[0])
            name = peer.name if peer_us else f"{peer.name}: refused"
        us = row["us"]
        share = f"{100 * row['bytes'] / us / ours['copy_bytes_per_us']:.0f}%" if row["bytes"] else ""
        lines.append(
            f"| {row['op']} | {row['shape']} | {row['dtype']} | {us:.2f} | {row['bytes'] / us / 1e3:.0f} | "
            + (f"{row['flops'] / us / 1e6:.0f}" if row["flops"] else "")
            + f" | {share} | {name} | "
            + (f"{peer_us:.2f} | {peer_us / us:.2f} |" if peer_us else " | |"))
    with open(target, "w") as file:
        file.write("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
