"""Small diffusion and policy blocks after the published architectures, for architectures.py. Each function gives (module, inputs, input names)."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

WIDTH, HEADS, LAYERS, TOKENS = 64, 4, 2, 16


def heads_of(x, heads=HEADS):
    batch, tokens, width = x.shape
    return x.view(batch, tokens, heads, width // heads).transpose(1, 2)


def joined(x):
    return x.transpose(1, 2).flatten(2)


def noise(*shape, seed=1):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


class Timestep(nn.Module):
    """Sinusoids through a two-layer network (Peebles and Xie 2022)."""

    def __init__(self, width=WIDTH):
        super().__init__()
        self.a, self.b = nn.Linear(32, width), nn.Linear(width, width)

    def forward(self, t):
        frequencies = torch.exp(-math.log(10000) * torch.arange(16, device=t.device).float() / 16)
        angles = t.float()[:, None] * frequencies[None]
        return self.b(F.silu(self.a(torch.cat([angles.cos(), angles.sin()], -1).to(t.dtype))))


class RmsNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        wide = x.float()
        return (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + 1e-6)).to(x.dtype) * self.weight


# ---- PixArt-alpha (Chen et al. 2023): shared adaLN table, cross-attention to text

class PixArtBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.randn(6, WIDTH) / WIDTH**0.5)
        self.n1, self.n2 = (nn.LayerNorm(WIDTH, elementwise_affine=False, eps=1e-6) for _ in range(2))
        self.qkv, self.o = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.cq, self.ckv, self.co = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.f1, self.f2 = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x, text, mask, c):
        shift1, scale1, gate1, shift2, scale2, gate2 = (self.table[None] + c.view(-1, 6, WIDTH)).chunk(6, dim=1)
        y = self.n1(x) * (1 + scale1) + shift1
        q, k, v = self.qkv(y).chunk(3, -1)
        x = x + gate1 * self.o(joined(F.scaled_dot_product_attention(heads_of(q), heads_of(k), heads_of(v))))
        k, v = self.ckv(text).chunk(2, -1)
        x = x + self.co(joined(F.scaled_dot_product_attention(heads_of(self.cq(x)), heads_of(k), heads_of(v), attn_mask=mask[:, None, None, :])))
        y = self.n2(x) * (1 + scale2) + shift2
        return x + gate2 * self.f2(F.gelu(self.f1(y), approximate="tanh"))


class PixArt(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch, self.t = nn.Conv2d(4, WIDTH, 2, 2), Timestep()
        self.modulation = nn.Sequential(nn.SiLU(), nn.Linear(WIDTH, 6 * WIDTH))
        self.blocks = nn.ModuleList(PixArtBlock() for _ in range(LAYERS))
        self.out = nn.Linear(WIDTH, 16)

    def forward(self, x, t, text, mask):
        h = self.patch(x).flatten(2).transpose(1, 2)
        c, bias = self.modulation(self.t(t)), (1 - mask) * -10000.0
        for block in self.blocks:
            h = block(h, text, bias, c)
        return self.out(h)


def pixart():
    mask = torch.ones(2, 6)
    mask[1, 4:] = 0
    return PixArt(), (noise(2, 4, 8, 8), torch.tensor([0.3, 0.7]), noise(2, 6, WIDTH, seed=2), mask), ["x", "t", "text", "mask"]


# ---- Stable Diffusion 3 (Esser et al. 2024): joint attention of two streams, QK RMSNorm

class Stream(nn.Module):
    def __init__(self):
        super().__init__()
        self.ada = nn.Linear(WIDTH, 6 * WIDTH)
        self.n1, self.n2 = (nn.LayerNorm(WIDTH, elementwise_affine=False, eps=1e-6) for _ in range(2))
        self.qkv, self.o = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.qn, self.kn = RmsNorm(WIDTH // HEADS), RmsNorm(WIDTH // HEADS)
        self.f1, self.f2 = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def before(self, x, c):
        m = self.ada(F.silu(c))[:, None].chunk(6, -1)
        q, k, v = self.qkv(self.n1(x) * (1 + m[1]) + m[0]).chunk(3, -1)
        return self.qn(heads_of(q)), self.kn(heads_of(k)), heads_of(v), m

    def after(self, x, y, m):
        x = x + m[2] * self.o(y)
        return x + m[5] * self.f2(F.gelu(self.f1(self.n2(x) * (1 + m[4]) + m[3]), approximate="tanh"))


class MmDit(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch, self.t = nn.Conv2d(4, WIDTH, 2, 2), Timestep()
        self.image, self.text = (nn.ModuleList(Stream() for _ in range(LAYERS)) for _ in range(2))
        self.n, self.out = nn.LayerNorm(WIDTH, elementwise_affine=False, eps=1e-6), nn.Linear(WIDTH, 16)

    def forward(self, x, t, text):
        h, c = self.patch(x).flatten(2).transpose(1, 2), self.t(t)
        for image, words in zip(self.image, self.text):
            q1, k1, v1, m1 = image.before(h, c)
            q2, k2, v2, m2 = words.before(text, c)
            q, k, v = torch.cat([q1, q2], 2), torch.cat([k1, k2], 2), torch.cat([v1, v2], 2)
            y = joined(F.scaled_dot_product_attention(q, k, v))
            h, text = image.after(h, y[:, :h.shape[1]], m1), words.after(text, y[:, h.shape[1]:], m2)
        return self.out(self.n(h)) + text.mean()


def mmdit():
    return MmDit(), (noise(1, 4, 8, 8), torch.tensor([0.3]), noise(1, 6, WIDTH, seed=2)), ["x", "t", "text"]


# ---- the transformer block of Stable Diffusion's U-Net: GroupNorm, self- and cross-attention, GEGLU

class UnetBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.gn, self.inside, self.outside = nn.GroupNorm(8, WIDTH, eps=1e-6), nn.Conv2d(WIDTH, WIDTH, 1), nn.Conv2d(WIDTH, WIDTH, 1)
        self.n1, self.n2, self.n3 = (nn.LayerNorm(WIDTH) for _ in range(3))
        self.q1, self.k1, self.v1, self.q2, self.k2, self.v2 = (nn.Linear(WIDTH, WIDTH, bias=False) for _ in range(6))
        self.o1, self.o2 = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 8 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x, text):
        h = self.inside(self.gn(x)).flatten(2).transpose(1, 2)
        y = self.n1(h)
        h = h + self.o1(joined(F.scaled_dot_product_attention(heads_of(self.q1(y)), heads_of(self.k1(y)), heads_of(self.v1(y)))))
        y = self.n2(h)
        h = h + self.o2(joined(F.scaled_dot_product_attention(heads_of(self.q2(y)), heads_of(self.k2(text)), heads_of(self.v2(text)))))
        value, gate = self.up(self.n3(h)).chunk(2, -1)
        h = h + self.down(value * F.gelu(gate))
        return x + self.outside(h.transpose(1, 2).reshape(x.shape))


def unet_block():
    return UnetBlock(), (noise(1, WIDTH, 4, 4), noise(1, 6, WIDTH, seed=2)), ["x", "text"]


# ---- Pi0.5's action expert: AdaRMS with gates, GEGLU, attention to a prefix cache

class ExpertLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.ada1, self.ada2 = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, 3 * WIDTH)
        self.q, self.k, self.v, self.o = nn.Linear(WIDTH, WIDTH, bias=False), nn.Linear(WIDTH, 16, bias=False), nn.Linear(WIDTH, 16, bias=False), nn.Linear(WIDTH, WIDTH, bias=False)
        self.gate, self.up, self.down = nn.Linear(WIDTH, 128, bias=False), nn.Linear(WIDTH, 128, bias=False), nn.Linear(128, WIDTH, bias=False)

    @staticmethod
    def norm(x, style):
        scale, shift, gate = style[:, None].chunk(3, -1)
        wide = x.float()
        y = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + 1e-6)
        return (y * (1.0 + scale.float()) + shift.float()).to(x.dtype), gate

    def forward(self, x, c, cos, sin, past_k, past_v):
        y, gate = self.norm(x, self.ada1(c))
        rotate = lambda z: z * cos + torch.cat([-z[..., 8:], z[..., :8]], -1) * sin
        q, k, v = rotate(heads_of(self.q(y))), rotate(heads_of(self.k(y), 1)), heads_of(self.v(y), 1)
        k, v = torch.cat([past_k, k], 2), torch.cat([past_v, v], 2)
        a = F.scaled_dot_product_attention(q, k.expand(-1, HEADS, -1, -1), v.expand(-1, HEADS, -1, -1))
        x = x + self.o(joined(a)) * gate
        y, gate = self.norm(x, self.ada2(c))
        return x + self.down(F.gelu(self.gate(y), approximate="tanh") * self.up(y)) * gate


class Expert(nn.Module):
    def __init__(self, tokens=5, past=6):
        super().__init__()
        self.inside, self.outside, self.t = nn.Linear(8, WIDTH), nn.Linear(WIDTH, 8), Timestep()
        self.layers = nn.ModuleList(ExpertLayer() for _ in range(LAYERS))
        angles = torch.arange(past, past + tokens).float()[:, None] * torch.exp(-math.log(10000) * torch.arange(8).float() / 8)
        self.register_buffer("cos", torch.cat([angles, angles], -1).cos())
        self.register_buffer("sin", torch.cat([angles, angles], -1).sin())

    def forward(self, x, t, past_k, past_v):
        h, c = self.inside(x), self.t(t)
        for i, layer in enumerate(self.layers):
            h = layer(h, c, self.cos, self.sin, past_k[i], past_v[i])
        return x - 0.1 * self.outside(h)


def pi05_expert():
    past = [noise(LAYERS, 1, 1, 6, 16, seed=s) for s in (2, 3)]
    return Expert(), (noise(1, 5, 8), torch.tensor([0.3]), *past), ["x", "t", "past_k", "past_v"]


# ---- Lumina-like DiT: RMSNorm sandwich, SwiGLU, interleaved RoPE

class LuminaBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.n1, self.n2, self.n3, self.n4 = (RmsNorm(WIDTH) for _ in range(4))
        self.qkv, self.o, self.ada = nn.Linear(WIDTH, 3 * WIDTH, bias=False), nn.Linear(WIDTH, WIDTH, bias=False), nn.Linear(WIDTH, 4 * WIDTH)
        self.gu, self.down = nn.Linear(WIDTH, 256, bias=False), nn.Linear(128, WIDTH, bias=False)

    def forward(self, x, c, cos, sin):
        scale1, gate1, scale2, gate2 = self.ada(F.silu(c))[:, None].chunk(4, -1)
        q, k, v = (heads_of(z) for z in self.qkv(self.n1(x) * (1 + scale1)).chunk(3, -1))

        def rotate(z):
            even, odd = z[..., 0::2], z[..., 1::2]
            return torch.stack([even * cos - odd * sin, even * sin + odd * cos], -1).flatten(-2)

        x = x + gate1.tanh() * self.n2(self.o(joined(F.scaled_dot_product_attention(rotate(q), rotate(k), v))))
        gate, up = self.gu(self.n3(x) * (1 + scale2)).chunk(2, -1)
        return x + gate2.tanh() * self.n4(self.down(F.silu(gate) * up))


class Lumina(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch, self.t = nn.Conv2d(4, WIDTH, 2, 2), Timestep()
        self.blocks = nn.ModuleList(LuminaBlock() for _ in range(LAYERS))
        self.out = nn.Linear(WIDTH, 16)
        angles = torch.arange(TOKENS).float()[:, None] * torch.exp(-math.log(10000) * torch.arange(8).float() / 8)
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())

    def forward(self, x, t):
        h, c = self.patch(x).flatten(2).transpose(1, 2), self.t(t)
        for block in self.blocks:
            h = block(h, c, self.cos, self.sin)
        return self.out(h)


def lumina():
    return Lumina(), (noise(1, 4, 8, 8), torch.tensor([0.3])), ["x", "t"]


# ---- the flow-matching DiT of a robot policy (GR00T, Bjorck et al. 2025): adaptive LayerNorm, self- and cross-attention in turn

class CrossBlock(nn.Module):
    def __init__(self, cross):
        super().__init__()
        self.cross, self.ada = cross, nn.Linear(WIDTH, 2 * WIDTH)
        self.n1, self.n2 = (nn.LayerNorm(WIDTH, elementwise_affine=False, eps=1e-5) for _ in range(2))
        self.q, self.k, self.v, self.o = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.f1, self.f2 = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x, features, c):
        scale, shift = self.ada(F.silu(c)).chunk(2, -1)
        y = self.n1(x) * (1 + scale[:, None]) + shift[:, None]
        source = features if self.cross else y
        x = x + self.o(joined(F.scaled_dot_product_attention(heads_of(self.q(y)), heads_of(self.k(source)), heads_of(self.v(source)))))
        return x + self.f2(F.gelu(self.f1(self.n2(x)), approximate="tanh"))


class CrossDit(nn.Module):
    def __init__(self):
        super().__init__()
        self.inside, self.t, self.state = nn.Linear(8, WIDTH), Timestep(), nn.Linear(6, WIDTH)
        self.position = nn.Parameter(torch.randn(1, 8, WIDTH) * 0.02)
        self.blocks = nn.ModuleList(CrossBlock(i % 2 == 0) for i in range(2 * LAYERS))
        self.n, self.ada, self.out = nn.LayerNorm(WIDTH, elementwise_affine=False, eps=1e-6), nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(WIDTH, 8)

    def forward(self, actions, t, state, features):
        c = self.t(t)
        h = torch.cat([self.state(state)[:, None], self.inside(actions) + self.position], 1)
        for block in self.blocks:
            h = block(h, features, c)
        shift, scale = self.ada(F.silu(c)).chunk(2, -1)
        velocity = self.out(self.n(h) * (1 + scale[:, None]) + shift[:, None])[:, 1:]
        return actions + 0.25 * velocity


def dit_cross():
    return CrossDit(), (noise(1, 8, 8), torch.tensor([0.5]), noise(1, 6, seed=2), noise(1, 7, WIDTH, seed=3)), ["actions", "t", "state", "features"]


# ---- FLUX (Black Forest Labs 2024): double streams, then single streams whose attention and MLP run side by side; rotations as matrices

class FluxStream(nn.Module):
    def __init__(self):
        super().__init__()
        self.ada, self.qkv, self.o = nn.Linear(WIDTH, 6 * WIDTH), nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.n1, self.n2 = (nn.LayerNorm(WIDTH, elementwise_affine=False, eps=1e-6) for _ in range(2))
        self.qn, self.kn = RmsNorm(WIDTH // HEADS), RmsNorm(WIDTH // HEADS)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(approximate="tanh"), nn.Linear(4 * WIDTH, WIDTH))


def flux_rotate(x, table):
    pairs = x.float().reshape(*x.shape[:-1], -1, 1, 2)
    return (table[..., 0] * pairs[..., 0] + table[..., 1] * pairs[..., 1]).reshape(x.shape).to(x.dtype)


class FluxSingle(nn.Module):
    def __init__(self):
        super().__init__()
        self.ada, self.inside, self.outside = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, 7 * WIDTH), nn.Linear(5 * WIDTH, WIDTH)
        self.n = nn.LayerNorm(WIDTH, elementwise_affine=False, eps=1e-6)
        self.qn, self.kn = RmsNorm(WIDTH // HEADS), RmsNorm(WIDTH // HEADS)

    def forward(self, x, c, table):
        shift, scale, gate = self.ada(F.silu(c))[:, None].chunk(3, -1)
        qkv, mlp = torch.split(self.inside((1 + scale) * self.n(x) + shift), [3 * WIDTH, 4 * WIDTH], -1)
        batch, tokens, _ = qkv.shape
        q, k, v = qkv.view(batch, tokens, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(flux_rotate(self.qn(q), table), flux_rotate(self.kn(k), table), v)
        return x + gate * self.outside(torch.cat([joined(y), F.gelu(mlp, approximate="tanh")], 2))


class Flux(nn.Module):
    def __init__(self, tokens=16, words=6):
        super().__init__()
        self.inside, self.t, self.text = nn.Linear(16, WIDTH), Timestep(), nn.Linear(WIDTH, WIDTH)
        self.image_streams, self.text_streams = (nn.ModuleList(FluxStream() for _ in range(1)) for _ in range(2))
        self.singles = nn.ModuleList(FluxSingle() for _ in range(1))
        self.n, self.ada, self.out = nn.LayerNorm(WIDTH, elementwise_affine=False, eps=1e-6), nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(WIDTH, 16)
        angles = torch.arange(tokens + words).float()[:, None] * torch.exp(-math.log(10000) * torch.arange(8).float() / 8)
        matrix = torch.stack([angles.cos(), -angles.sin(), angles.sin(), angles.cos()], -1).view(1, 1, tokens + words, 8, 2, 2)
        self.register_buffer("table", matrix)

    def forward(self, x, t, text):
        h, words, c = self.inside(x), self.text(text), self.t(t)
        for image, prose in zip(self.image_streams, self.text_streams):
            parts = []
            for stream, z in ((prose, words), (image, h)):
                m = stream.ada(F.silu(c))[:, None].chunk(6, -1)
                q, k, v = stream.qkv((1 + m[1]) * stream.n1(z) + m[0]).chunk(3, -1)
                parts.append((stream.qn(heads_of(q)), stream.kn(heads_of(k)), heads_of(v), m))
            q, k, v = (torch.cat([parts[0][i], parts[1][i]], 2) for i in range(3))
            y = joined(F.scaled_dot_product_attention(flux_rotate(q, self.table), flux_rotate(k, self.table), v))
            split = words.shape[1]
            after = []
            for stream, z, a, m in ((prose, words, y[:, :split], parts[0][3]), (image, h, y[:, split:], parts[1][3])):
                z = z + m[2] * stream.o(a)
                after.append(z + m[5] * stream.mlp((1 + m[4]) * stream.n2(z) + m[3]))
            words, h = after
        z = torch.cat([words, h], 1)
        for single in self.singles:
            z = single(z, c, self.table)
        shift, scale = self.ada(F.silu(c))[:, None].chunk(2, -1)
        return self.out((1 + scale) * self.n(z[:, words.shape[1]:]) + shift)


def flux():
    return Flux(), (noise(1, 16, 16), torch.tensor([0.3]), noise(1, 6, WIDTH, seed=2)), ["x", "t", "text"]


# ---- PyTorch's own transformer layers, as policies (ACT, Zhao et al. 2023) and detectors use them

class ActionTransformer(nn.Module):
    """Time-major nn.MultiheadAttention: an encoder, and a decoder over learned queries."""

    def __init__(self, steps=5):
        super().__init__()
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(WIDTH, HEADS, 2 * WIDTH, 0.0), LAYERS, enable_nested_tensor=False)
        self.decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(WIDTH, HEADS, 2 * WIDTH, 0.0), 1)
        self.queries, self.out = nn.Parameter(torch.randn(steps, 1, WIDTH)), nn.Linear(WIDTH, 7)

    def forward(self, tokens):
        memory = self.encoder(tokens.transpose(0, 1))
        return self.out(self.decoder(self.queries.expand(-1, tokens.shape[0], -1), memory)).transpose(0, 1)


def action_transformer():
    return ActionTransformer(), (noise(2, 9, WIDTH),), ["tokens"]


class DecoderLayers(nn.Module):
    """Batch-major, norms first, a causal mask and GELU."""

    def __init__(self):
        super().__init__()
        layer = nn.TransformerDecoderLayer(WIDTH, HEADS, 2 * WIDTH, 0.0, activation="gelu", batch_first=True, norm_first=True)
        self.layers = nn.TransformerDecoder(layer, LAYERS, nn.LayerNorm(WIDTH))
        self.register_buffer("mask", torch.triu(torch.full((TOKENS, TOKENS), float("-inf")), 1))

    def forward(self, x, memory):
        return self.layers(x, memory, tgt_mask=self.mask.to(x.dtype))


def decoder_layers():
    return DecoderLayers(), (noise(1, TOKENS, WIDTH), noise(1, 6, WIDTH, seed=2)), ["x", "memory"]
