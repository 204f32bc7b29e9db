#!/usr/bin/env python3
"""The five real-size workloads: four layers of real models, float16, random weights, fixed seeds. workloads.py NAME OUT_DIR

Writes OUT_DIR/NAME/model.onnx as torch.onnx's dynamo exporter gives it, test_data_set_0 with the outputs of the same weights in
float32, and torch.json with PyTorch's own times, eager and torch.compile, both under a CUDA graph, and its own float16 error. Several may run side by side: a
process waits for the others of OUT_DIR/all (one name a line) before it times, and then takes its turn.
"""
import fcntl
import json
import math
import os
import sys
import time

import onnx
import torch
import torch.nn as nn
import torch.nn.functional as F
import transformers

HALF, DEVICE, LAYERS = torch.float16, "cuda", 4


class Encoder(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.m = model

    def forward(self, x, position_ids):
        return self.m(inputs_embeds=x, position_ids=position_ids, use_cache=False).last_hidden_state


class Decoder(nn.Module):
    """A step on top of explicit keys and values."""

    def __init__(self, model):
        super().__init__()
        self.m = model

    def forward(self, x, position_ids, *past):
        cache = transformers.cache_utils.DynamicCache(config=self.m.config)
        for layer in range(LAYERS):
            cache.update(past[2 * layer], past[2 * layer + 1], layer)
        out = self.m(inputs_embeds=x, position_ids=position_ids, past_key_values=cache, use_cache=True)
        return (out.last_hidden_state, *[t for layer in out.past_key_values.layers for t in (layer.keys, layer.values)])


class Vision(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.m = model

    def forward(self, pixel_values):
        return self.m(pixel_values=pixel_values).last_hidden_state


class DiTBlock(nn.Module):
    """adaLN-Zero block (Peebles and Xie 2022)."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.n1, self.n2 = (nn.LayerNorm(width, elementwise_affine=False, eps=1e-6) for _ in range(2))
        self.qkv, self.o = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.f1, self.f2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.ada = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))

    def forward(self, x, c):
        shift1, scale1, gate1, shift2, scale2, gate2 = self.ada(c).chunk(6, dim=-1)
        y = self.n1(x) * (1 + scale1.unsqueeze(1)) + shift1.unsqueeze(1)
        batch, tokens, width = y.shape
        q, k, v = self.qkv(y).reshape(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, tokens, width)
        x = x + gate1.unsqueeze(1) * self.o(y)
        y = self.n2(x) * (1 + scale2.unsqueeze(1)) + shift2.unsqueeze(1)
        return x + gate2.unsqueeze(1) * self.f2(F.gelu(self.f1(y), approximate="tanh"))


class DiT(nn.Module):
    def __init__(self, width, heads, channels=4, patch=2, tokens=256):
        super().__init__()
        self.patch, self.channels = patch, channels
        self.p = nn.Conv2d(channels, width, patch, patch)
        self.pos = nn.Parameter(torch.randn(1, tokens, width) * 0.02)
        self.t1, self.t2 = nn.Linear(256, width), nn.Linear(width, width)
        self.b = nn.ModuleList(DiTBlock(width, heads) for _ in range(LAYERS))
        self.n = nn.LayerNorm(width, elementwise_affine=False, eps=1e-6)
        self.ada = nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * width))
        self.out = nn.Linear(width, patch * patch * channels)

    def forward(self, x, t):
        h = self.p(x).flatten(2).transpose(1, 2) + self.pos
        frequencies = torch.exp(-math.log(10000) * torch.arange(128, device=t.device).float() / 128)
        angles = t.float()[:, None] * frequencies[None]
        c = self.t2(F.silu(self.t1(torch.cat([angles.cos(), angles.sin()], -1).to(x.dtype))))
        for block in self.b:
            h = block(h, c)
        shift, scale = self.ada(c).chunk(2, -1)
        h = self.out(self.n(h) * (1 + scale.unsqueeze(1)) + shift.unsqueeze(1))
        batch, tokens, _ = h.shape
        side = int(tokens**0.5)
        h = h.reshape(batch, side, side, self.patch, self.patch, self.channels).permute(0, 5, 1, 3, 2, 4)
        return h.reshape(batch, self.channels, side * self.patch, side * self.patch)


def noise(*shape, scale=1.0):
    return torch.randn(*shape) * scale


def cached(model, width, tokens, past, heads, head_dim):
    caches = [noise(1, heads, past, head_dim) for _ in range(2 * LAYERS)]
    names = [f"past_{i}" for i in range(2 * LAYERS)]
    inputs = (noise(1, tokens, width, scale=0.5), torch.arange(past, past + tokens)[None], *caches)
    return Decoder(model), inputs, ["x", "position_ids", *names], ["y"] + [n.replace("past", "present") for n in names]


def gemma(width, inner):
    return transformers.GemmaModel(transformers.GemmaConfig(hidden_size=width, intermediate_size=inner, num_hidden_layers=LAYERS, num_attention_heads=8,
                                                            num_key_value_heads=1, head_dim=256, vocab_size=32, max_position_embeddings=2048))


def w1():
    """Gemma-2B, prefill of 712 tokens."""
    return Encoder(gemma(2048, 16384)), (noise(1, 712, 2048, scale=0.5), torch.arange(712)[None]), ["x", "position_ids"], ["y"]


def w2():
    """Gemma-300M action expert, 50 tokens on 712 cached."""
    return cached(gemma(1024, 4096), 1024, 50, 712, 1, 256)


def w3():
    """Qwen3-4B, decode of one token on 1024 cached."""
    config = transformers.Qwen3Config(hidden_size=2560, intermediate_size=9728, num_hidden_layers=LAYERS, num_attention_heads=32, num_key_value_heads=8,
                                      head_dim=128, vocab_size=32, max_position_embeddings=4096)
    return cached(transformers.Qwen3Model(config), 2560, 1, 1024, 8, 128)


def w4():
    """SigLIP so400m, two images of 224x224."""
    config = transformers.SiglipVisionConfig(hidden_size=1152, intermediate_size=4304, num_hidden_layers=LAYERS, num_attention_heads=16, image_size=224,
                                             patch_size=14, vision_use_head=False)
    return Vision(transformers.SiglipVisionModel(config)), (noise(2, 3, 224, 224),), ["pixel_values"], ["y"]


def w5():
    """DiT-XL/2, two latents of 32x32."""
    return DiT(1152, 16), (noise(2, 4, 32, 32), torch.tensor([0.3, 0.3])), ["x", "t"], ["v"]


def graph_time(call, inputs, runs=200):
    """Median microseconds of a CUDA graph replay, on the host's clock around a synchronised replay."""
    with torch.no_grad():
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                call(*inputs)
        torch.cuda.current_stream().wait_stream(stream)
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            call(*inputs)
        for _ in range(10):
            graph.replay()
        torch.cuda.synchronize()
        times = []
        for _ in range(runs):
            start = time.perf_counter()
            graph.replay()
            torch.cuda.synchronize()
            times.append((time.perf_counter() - start) * 1e6)
        return sorted(times)[runs // 2]


def attempt(what):
    """A time, or why there is none."""
    try:
        return what()
    except Exception as error:  # a peer that fails is a result of the bench, not its end
        return f"{type(error).__name__}: {error}"[:200]


def write(folder, kind, names, tensors):
    for i, (name, tensor) in enumerate(zip(names, tensors)):
        with open(os.path.join(folder, f"{kind}_{i}.pb"), "wb") as file:
            file.write(onnx.numpy_helper.from_array(tensor.cpu().numpy(), name).SerializeToString())


def first_of(outputs):
    return outputs[0] if isinstance(outputs, tuple) else outputs


def export(folder, module, inputs, input_names, output_names):
    data = os.path.join(folder, "test_data_set_0")
    os.makedirs(data, exist_ok=True)
    with torch.no_grad():
        program = torch.onnx.export(module, inputs, input_names=input_names, output_names=output_names, dynamo=True, opset_version=18, external_data=True)
        program.save(os.path.join(folder, "model.onnx"), external_data=True)
        exact = [i.float() if i.is_floating_point() else i for i in inputs]
        outputs = module.float().to(DEVICE)(*[i.to(DEVICE) for i in exact])
    write(data, "input", input_names, inputs)
    write(data, "output", output_names, outputs if isinstance(outputs, tuple) else (outputs,))
    return first_of(outputs)


def main():
    name, out = sys.argv[1:3]
    folder = os.path.join(out, name)
    torch.manual_seed(0)
    torch.set_num_threads(4)
    torch.backends.cuda.matmul.allow_tf32 = False
    module, inputs, input_names, output_names = globals()[name]()
    module = module.to(HALF).eval()
    for parameter_name, parameter in module.named_parameters():
        if "norm" in parameter_name and parameter.dim() == 1:
            parameter.data.add_(torch.randn_like(parameter) * 0.1)
    inputs = tuple(i.to(HALF) if i.is_floating_point() else i for i in inputs)
    exact = export(folder, module, inputs, input_names, output_names)

    module = module.to(HALF).to(DEVICE)  # back from float32, which held the same numbers
    inputs = tuple(i.to(DEVICE) for i in inputs)
    with torch.no_grad():
        own = first_of(module(*inputs)).float()
    own_error = {"max_abs": (own - exact).abs().max().item(), "cosine": F.cosine_similarity(own.flatten().double(), exact.flatten().double(), 0).item()}
    compiled = torch.compile(module)

    def warm():
        with torch.no_grad():
            for _ in range(3):
                compiled(*inputs)

    failed = attempt(warm)
    open(os.path.join(folder, "ready"), "w").close()
    names = open(os.path.join(out, "all")).read().split()
    while not all(os.path.exists(os.path.join(out, n, "ready")) for n in names):
        time.sleep(0.2)
    with open(os.path.join(out, "turn"), "w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        result = {
            "what": globals()[name].__doc__, "gpu": torch.cuda.get_device_name(), "torch": torch.__version__, "transformers": transformers.__version__,
            "output": output_names[0], "error": own_error,
            "eager": attempt(lambda: graph_time(module, inputs)),
            "compile": failed or attempt(lambda: graph_time(compiled, inputs)),
        }
    with open(os.path.join(folder, "torch.json"), "w") as file:
        json.dump(result, file)
    print(name, result["eager"], result["compile"], flush=True)


if __name__ == "__main__":
    main()
