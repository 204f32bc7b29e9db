#!/usr/bin/env python3
"""Exports the tiny Gemma and DiT models of this folder, with PyTorch's recorded outputs: export.py OUT_DIR

Needs torch, transformers and onnx (see README.md for the versions used). Weights are random, seeds are fixed; nothing is simplified
after the export. The other models of this folder were exported in the same way from larger configurations.
"""
import math
import os
import sys

import onnx
import torch
import torch.nn as nn
import torch.nn.functional as F
import transformers

HALF = torch.float16
LAYERS, PAST = 2, 16


class CausalLM(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.m = model

    def forward(self, ids):
        return self.m(input_ids=ids, use_cache=False).logits


class DecodeStep(nn.Module):
    """One token on top of explicit keys and values."""

    def __init__(self, model):
        super().__init__()
        self.m = model

    def forward(self, ids, pos, *past):
        cache = transformers.cache_utils.DynamicCache(config=self.m.config)
        for layer in range(LAYERS):
            cache.update(past[2 * layer], past[2 * layer + 1], layer)
        out = self.m(input_ids=ids, position_ids=pos, past_key_values=cache, use_cache=True)
        present = [t for layer in out.past_key_values.layers for t in (layer.keys, layer.values)]
        return (out.logits, *present)


class DiTBlock(nn.Module):
    """adaLN-Zero block (Peebles and Xie 2022)."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.n1 = nn.LayerNorm(width, elementwise_affine=False, eps=1e-6)
        self.n2 = nn.LayerNorm(width, elementwise_affine=False, eps=1e-6)
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
    def __init__(self, width, heads, channels=4, patch=2, tokens=64):
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


def gemma():
    torch.manual_seed(0)
    config = transformers.GemmaConfig(hidden_size=64, intermediate_size=256, num_hidden_layers=LAYERS, num_attention_heads=4,
                                      num_key_value_heads=1, head_dim=64, vocab_size=512, max_position_embeddings=256)
    model = transformers.GemmaForCausalLM(config).to(HALF).eval()
    for name, parameter in model.named_parameters():
        if "norm" in name:
            parameter.data.add_(torch.randn_like(parameter) * 0.1)
    return model


def without_traces(path):
    """Removes the stack traces that the exporter notes at nodes and values: half of a tiny model, and full of the machine's paths."""
    model = onnx.load(path)
    for part in (*model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    model.graph.ClearField("metadata_props")
    onnx.save(model, path)


def save(folder, name, module, inputs, input_names, output_names, dynamic_shapes=None):
    """Writes FOLDER/NAME/model.onnx and test_data_set_0 with the outputs as float32."""
    data = os.path.join(folder, name, "test_data_set_0")
    os.makedirs(data, exist_ok=True)
    with torch.no_grad():
        outputs = module(*inputs)
        program = torch.onnx.export(module, inputs, input_names=input_names, output_names=output_names, dynamo=True, opset_version=18,
                                    dynamic_shapes=dynamic_shapes, external_data=False)
    program.save(os.path.join(folder, name, "model.onnx"), external_data=False)
    without_traces(os.path.join(folder, name, "model.onnx"))
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    for kind, names, tensors in (("input", input_names, inputs), ("output", output_names, [o.float() for o in outputs])):
        for i, (tensor_name, tensor) in enumerate(zip(names, tensors)):
            with open(os.path.join(data, f"{kind}_{i}.pb"), "wb") as file:
                file.write(onnx.numpy_helper.from_array(tensor.numpy(), tensor_name).SerializeToString())


def main():
    folder = sys.argv[1]
    ids = torch.randint(0, 512, (1, 24), generator=torch.Generator().manual_seed(1))
    save(folder, "gemma_fp16_dynamo", CausalLM(gemma()), (ids,), ["input_ids"], ["logits"],
         ({1: torch.export.Dim("sequence", min=2, max=256)},))

    generator = torch.Generator().manual_seed(2)
    past = [torch.randn(1, 1, PAST, 64, generator=generator).to(HALF) for _ in range(2 * LAYERS)]
    names = [f"{kind}_{layer}" for layer in range(LAYERS) for kind in ("key", "value")]
    save(folder, "gemma_fp16_decode_dynamo", DecodeStep(gemma()), (ids[:, :1].contiguous(), torch.tensor([[PAST]]), *past),
         ["input_ids", "position_ids"] + [f"past_{n}" for n in names], ["logits"] + [f"present_{n}" for n in names])

    torch.manual_seed(3)
    dit = DiT(64, 2).to(HALF).eval()
    save(folder, "dit_fp16_dynamo", dit, (torch.randn(1, 4, 16, 16).to(HALF), torch.tensor([0.3]).to(HALF)), ["x", "t"], ["v"])


if __name__ == "__main__":
    main()
