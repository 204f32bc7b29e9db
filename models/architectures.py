#!/usr/bin/env python3
"""Exports one tiny model of each of many architectures, with PyTorch's recorded outputs: architectures.py OUT_DIR [NAME ...]

Needs torch, transformers, timm and onnx (see README.md for the versions used). Weights are random, seeds are fixed; nothing is simplified
after the export. Each export runs in a process of its own; one that PyTorch itself refuses is reported and left out.
"""
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

TOKENS, WIDTH, LAYERS, HEADS, WORDS = 12, 64, 2, 4, 96


# ---- text

def text_config(name, **more):
    """A configuration of few layers; a key that an architecture spells differently comes in `more`."""
    import transformers
    common = dict(hidden_size=WIDTH, intermediate_size=2 * WIDTH, num_hidden_layers=LAYERS, num_attention_heads=HEADS, vocab_size=WORDS,
                  max_position_embeddings=64, pad_token_id=0, bos_token_id=1, eos_token_id=2)
    return getattr(transformers, name + "Config")(**{**common, **more})


def causal(name, dtype="fp16", dynamic=False, torchscript=False, suffix="ForCausalLM", config=None, **more):
    def make():
        import torch
        import transformers
        model = Logits(getattr(transformers, name + suffix)(text_config(config or name, **more)))
        ids = torch.randint(3, WORDS, (1, TOKENS), generator=torch.Generator().manual_seed(1))
        axes = ({1: torch.export.Dim("sequence", min=2, max=64)},) if dynamic else None
        if torchscript:  # without positions transformers looks for packed sequences with an operator that TorchScript cannot export
            return model, (ids, torch.arange(TOKENS)[None]), ["input_ids", "position_ids"], ["logits"], None
        return model, (ids,), ["input_ids"], ["logits"], axes
    return make, dtype, torchscript


def padded(name, dtype="fp16", torchscript=False, dynamic=False, config=None, **more):
    """Two prompts of different length, padded on the left: the causal mask meets a padding mask."""
    def make():
        import torch
        import transformers
        model = Masked(getattr(transformers, name + "ForCausalLM")(text_config(config or name, **more)))
        ids = torch.randint(3, WORDS, (2, TOKENS), generator=torch.Generator().manual_seed(1))
        keep = torch.ones_like(ids)
        keep[1, :4] = 0
        positions = (keep.cumsum(-1) - 1).clamp(min=0)
        size = torch.export.Dim("sequence", min=2, max=64) if dynamic else None
        return model, (ids, keep, positions), ["input_ids", "attention_mask", "position_ids"], ["logits"], ({1: size},) * 3 if dynamic else None
    return make, dtype, torchscript


def encoder(name, dtype="fp16", torchscript=False, suffix="Model", mask=True, **more):
    def make():
        import torch
        import transformers
        model = Hidden(getattr(transformers, name + suffix)(text_config(name, **more)))
        ids = torch.randint(3, WORDS, (2, TOKENS), generator=torch.Generator().manual_seed(1))
        keep = torch.ones_like(ids)
        keep[1, TOKENS - 3:] = 0
        return (model, (ids, keep), ["input_ids", "attention_mask"], ["y"], None) if mask else (model, (ids,), ["input_ids"], ["y"], None)
    return make, dtype, torchscript


def decode(name, kv_heads, size, dtype="fp16", past=8, config=None, **more):
    def make():
        import torch
        import transformers
        model = DecodeStep(getattr(transformers, name + "ForCausalLM")(text_config(config or name, **more)))
        generator = torch.Generator().manual_seed(2)
        ids = torch.randint(3, WORDS, (1, 1), generator=generator)
        caches = [torch.randn(1, kv_heads, past, size, generator=generator) for _ in range(2 * LAYERS)]
        names = [f"{kind}_{layer}" for layer in range(LAYERS) for kind in ("key", "value")]
        return (model, (ids, torch.tensor([[past]]), *caches), ["input_ids", "position_ids"] + [f"past_{n}" for n in names],
                ["logits"] + [f"present_{n}" for n in names], None)
    return make, dtype, False


def wrappers():
    """Defined late, so that listing the names needs no torch."""
    import torch.nn as nn

    class Wrap(nn.Module):
        def __init__(self, model):
            super().__init__()
            self.m = model

    class Logits(Wrap):
        def forward(self, ids, position_ids=None):
            return self.m(input_ids=ids, use_cache=False, **({} if position_ids is None else {"position_ids": position_ids})).logits

    class Masked(Wrap):
        def forward(self, ids, attention_mask, position_ids):
            return self.m(input_ids=ids, attention_mask=attention_mask, position_ids=position_ids, use_cache=False).logits

    class Hidden(Wrap):
        def forward(self, ids, attention_mask=None):
            return self.m(input_ids=ids, **({} if attention_mask is None else {"attention_mask": attention_mask})).last_hidden_state

    class Pixels(Wrap):
        def forward(self, x):
            y = self.m(pixel_values=x)
            return y.last_hidden_state

    class Plain(Wrap):
        def forward(self, *inputs):
            return self.m(*inputs)

    class Audio(Wrap):
        def forward(self, x):
            return self.m(x).last_hidden_state

    class DecodeStep(Wrap):
        def forward(self, ids, pos, *past):
            import transformers
            cache = transformers.cache_utils.DynamicCache(config=self.m.config)
            for layer in range(LAYERS):
                cache.update(past[2 * layer], past[2 * layer + 1], layer)
            out = self.m(input_ids=ids, position_ids=pos, past_key_values=cache, use_cache=True)
            return (out.logits, *[t for layer in out.past_key_values.layers for t in (layer.keys, layer.values)])

    class EncoderDecoder(Wrap):
        def forward(self, ids, decoder_ids):
            return self.m(input_ids=ids, decoder_input_ids=decoder_ids, use_cache=False).last_hidden_state

    return locals()


# ---- vision and audio

def vision(config, model, size=32, dtype="fp16", torchscript=False, **more):
    def make():
        import torch
        import transformers
        shared = dict(hidden_size=WIDTH, intermediate_size=2 * WIDTH, num_hidden_layers=LAYERS, num_attention_heads=HEADS, image_size=size, patch_size=8)
        built = getattr(transformers, model)(getattr(transformers, config)(**{**shared, **more}))
        return Pixels(built), (torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(1)),), ["pixel_values"], ["y"], None
    return make, dtype, torchscript


def image_model(name, size=32, dtype="fp32", **more):
    def make():
        import timm
        import torch
        built = timm.create_model(name, pretrained=False, num_classes=10, **more)
        return Plain(built), (torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(1)),), ["x"], ["y"], None
    return make, dtype, False


def audio(config, model, shape, dtype="fp32", **more):
    def make():
        import torch
        import transformers
        built = getattr(transformers, model)(getattr(transformers, config)(**more))
        return Audio(built), (torch.randn(*shape, generator=torch.Generator().manual_seed(1)),), ["x"], ["y"], None
    return make, dtype, False


def two_stacks(name, dtype="fp32", **more):
    def make():
        import torch
        import transformers
        built = getattr(transformers, name + "Model")(getattr(transformers, name + "Config")(**more))
        generator = torch.Generator().manual_seed(1)
        ids, decoder_ids = (torch.randint(3, WORDS, (1, n), generator=generator) for n in (TOKENS, 5))
        return EncoderDecoder(built), (ids, decoder_ids), ["input_ids", "decoder_input_ids"], ["y"], None
    return make, dtype, False


# ---- diffusion blocks that no installed library holds

def diffusion(kind, dtype="fp16", torchscript=False):
    def make():
        import torch
        import blocks
        model, inputs, names = getattr(blocks, kind)()
        return Plain(model), inputs, names, ["y"], None
    return make, dtype, torchscript


W2V = dict(vocab_size=32, hidden_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=HEADS, intermediate_size=2 * WIDTH, conv_dim=(32, 32),
           conv_stride=(5, 4), conv_kernel=(10, 8), num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=4, num_feat_extract_layers=2)
T5 = dict(vocab_size=WORDS, d_model=WIDTH, d_kv=16, d_ff=128, num_layers=LAYERS, num_heads=HEADS, decoder_start_token_id=0)
BART = dict(vocab_size=WORDS, d_model=WIDTH, encoder_layers=LAYERS, decoder_layers=LAYERS, encoder_attention_heads=HEADS, decoder_attention_heads=HEADS,
            encoder_ffn_dim=128, decoder_ffn_dim=128, max_position_embeddings=64, pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=2)
GQA = dict(num_key_value_heads=2, head_dim=16)
MODELS = {
    "gpt2_fp16": causal("GPT2", suffix="LMHeadModel", n_embd=WIDTH, n_layer=LAYERS, n_head=HEADS, n_positions=64),
    "gpt2_fp32_ts": causal("GPT2", "fp32", torchscript=True, suffix="LMHeadModel", n_embd=WIDTH, n_layer=LAYERS, n_head=HEADS, n_positions=64),
    "gemma_fp32_ts": causal("Gemma", "fp32", torchscript=True, attn_implementation="eager", num_key_value_heads=1, head_dim=16),
    "gemma_padded_fp16": padded("Gemma", num_key_value_heads=1, head_dim=16),
    "llama_padded_fp16": padded("Llama", num_key_value_heads=2),
    "llama_padded_dynamic_fp32": padded("Llama", "fp32", dynamic=True, num_key_value_heads=2),
    "llama_padded_fp32_ts": padded("Llama", "fp32", torchscript=True, num_key_value_heads=2, attn_implementation="eager"),
    "llama_bf16": causal("Llama", "bf16", num_key_value_heads=2),
    "llama_eager_fp16": causal("Llama", num_key_value_heads=2, attn_implementation="eager"),
    "qwen3_padded_fp16": padded("Qwen3", **GQA),
    "qwen3_eager_bf16": causal("Qwen3", "bf16", attn_implementation="eager", **GQA),
    "qwen3_decode_fp32": decode("Qwen3", 2, 16, "fp32", **GQA),
    "gemma2_decode_fp16": decode("Gemma2", 2, 16, sliding_window=None, query_pre_attn_scalar=16, **GQA),
    "gemma3_decode_fp16": decode("Gemma3", 2, 16, config="Gemma3Text", sliding_window=6, query_pre_attn_scalar=16, **GQA),
    "gemma3_dynamic_fp32": causal("Gemma3", "fp32", dynamic=True, config="Gemma3Text", sliding_window=6, query_pre_attn_scalar=16, **GQA),
    "olmo_fp16": causal("Olmo"),
    "cohere2_fp16": causal("Cohere2", num_key_value_heads=2, sliding_window=6),
    "glm_fp16": causal("Glm", pad_token_id=0, **GQA),
    "helium_fp16": causal("Helium", **GQA),
    "ernie45_fp16": causal("Ernie4_5", **GQA),
    "exaone4_fp16": causal("Exaone4", num_key_value_heads=2, sliding_window=6),
    "persimmon_fp16": causal("Persimmon", partial_rotary_factor=0.5),
    "codegen_fp32": causal("CodeGen", "fp32", attn_implementation="eager", n_embd=WIDTH, n_layer=LAYERS, n_head=HEADS, n_positions=64, n_ctx=64, rotary_dim=8),
    "gptbigcode_fp16": causal("GPTBigCode", n_embd=WIDTH, n_layer=LAYERS, n_head=HEADS, n_positions=64),
    "gptneo_fp32": causal("GPTNeo", "fp32", num_layers=LAYERS, num_heads=HEADS, attention_types=[[["global", "local"], 1]], window_size=6),
    "biogpt_fp16": causal("BioGpt"),
    "xglm_fp32": causal("XGLM", "fp32", d_model=WIDTH, ffn_dim=2 * WIDTH, num_layers=LAYERS, attention_heads=HEADS),
    "hunyuan_fp16": causal("HunYuanDenseV1", **GQA),
    "seedoss_fp16": causal("SeedOss", **GQA),
    "arcee_fp16": causal("Arcee", **GQA),
    "apertus_fp16": causal("Apertus", num_key_value_heads=2),
    "lfm_smol_dynamic_fp16": causal("SmolLM3", dynamic=True, num_key_value_heads=2),
    "bert_fp32_ts": encoder("Bert", "fp32", torchscript=True),
    "bert_bf16": encoder("Bert", "bf16"),
    "xlmroberta_fp16": encoder("XLMRoberta", max_position_embeddings=66),
    "deberta_fp32": encoder("Deberta", "fp32", relative_attention=True, pos_att_type=["p2c", "c2p"]),
    "convbert_fp32": encoder("ConvBert", "fp32", embedding_size=WIDTH),
    "mobilebert_fp32": encoder("MobileBert", "fp32", embedding_size=32, intra_bottleneck_size=32, true_hidden_size=32),
    "squeezebert_fp32": encoder("SqueezeBert", "fp32", embedding_size=WIDTH),
    "nystromformer_fp32": encoder("Nystromformer", "fp32", num_landmarks=4, segment_means_seq_len=12),
    "esm_fp32": encoder("Esm", "fp32", position_embedding_type="rotary", mask_token_id=5),
    "xlnet_fp32": encoder("XLNet", "fp32", d_model=WIDTH, n_layer=LAYERS, n_head=HEADS, d_inner=2 * WIDTH),
    "eurobert_fp16": encoder("EuroBert", num_key_value_heads=2),
    "gptneox_fp16": causal("GPTNeoX", rotary_pct=0.25),
    "gptj_fp32": causal("GPTJ", "fp32", attn_implementation="eager", n_embd=WIDTH, n_layer=LAYERS, n_head=HEADS, n_positions=64, rotary_dim=8),
    "phi_fp16": causal("Phi", partial_rotary_factor=0.5),
    "phi3_fp16": causal("Phi3", num_key_value_heads=2, dynamic=True),
    "mistral_fp16": causal("Mistral", sliding_window=6, **GQA),
    "mistral_bf16": causal("Mistral", "bf16", sliding_window=6, **GQA),
    "mistral_decode_fp16": decode("Mistral", 2, 16, sliding_window=None, num_key_value_heads=2),
    "falcon_fp16": causal("Falcon", multi_query=True, parallel_attn=True, bias=False, new_decoder_architecture=False, alibi=False),
    "bloom_fp16": causal("Bloom", n_layer=LAYERS, n_head=HEADS, attn_implementation="eager"),
    "mpt_fp32": causal("Mpt", "fp32", attn_implementation="eager", d_model=WIDTH, n_heads=HEADS, n_layers=LAYERS, max_seq_len=64),
    "opt_fp16": causal("OPT", ffn_dim=2 * WIDTH, word_embed_proj_dim=WIDTH, activation_function="relu"),
    "cohere_fp16": causal("Cohere", num_key_value_heads=2, use_qk_norm=True),
    "olmo2_fp16": causal("Olmo2", num_key_value_heads=2),
    "stablelm_fp16": causal("StableLm", num_key_value_heads=2, partial_rotary_factor=0.25),
    "gemma2_fp16": causal("Gemma2", sliding_window=6, query_pre_attn_scalar=16, **GQA),
    "gemma2_eager_fp32": causal("Gemma2", "fp32", dynamic=True, sliding_window=6, query_pre_attn_scalar=16, attn_implementation="eager", **GQA),
    "gemma3_fp16": causal("Gemma3", config="Gemma3Text", sliding_window=6, query_pre_attn_scalar=16, **GQA),
    "granite_fp16": causal("Granite", num_key_value_heads=2),
    "starcoder2_fp16": causal("Starcoder2", num_key_value_heads=2, sliding_window=None),
    "nemotron_fp16": causal("Nemotron", num_key_value_heads=2),
    "smollm3_fp16": causal("SmolLM3", num_key_value_heads=2),
    "gptoss_fp32": causal("GptOss", "fp32", sliding_window=6, num_local_experts=4, num_experts_per_tok=2, attn_implementation="eager", **GQA),
    "qwen2_fp16_dynamic": causal("Qwen2", dynamic=True, num_key_value_heads=2),
    "qwen2_decode_fp16": decode("Qwen2", 2, 16, num_key_value_heads=2),
    "phi_decode_fp32": decode("Phi", 4, 16, "fp32", partial_rotary_factor=0.5),
    "llama_fp32_ts": causal("Llama", "fp32", torchscript=True, num_key_value_heads=2, attn_implementation="eager"),
    "glm4_fp16": causal("Glm4", **GQA),
    "roberta_fp16": encoder("Roberta", max_position_embeddings=66),
    "distilbert_fp16": encoder("DistilBert", dim=WIDTH, hidden_dim=2 * WIDTH, n_layers=LAYERS, n_heads=HEADS),
    "albert_fp32": encoder("Albert", "fp32", embedding_size=32),
    "electra_fp32_ts": encoder("Electra", "fp32", torchscript=True, embedding_size=32),
    "deberta_v2_fp32": encoder("DebertaV2", "fp32", relative_attention=True, pos_att_type=["p2c", "c2p"], position_buckets=8),
    "mpnet_fp32": encoder("MPNet", "fp32"),
    "modernbert_fp16": encoder("ModernBert", cls_token_id=1, sep_token_id=2, local_attention=8),
    "t5_encoder_fp32": encoder("T5", "fp32", suffix="EncoderModel", **T5),
    "t5_fp32": two_stacks("T5", **T5),
    "bart_fp32": two_stacks("Bart", **BART),
    "mbart_fp32": two_stacks("MBart", **BART),
    "marian_fp16": two_stacks("Marian", "fp16", **BART),
    "pegasus_fp32": two_stacks("Pegasus", **BART),
    "m2m100_fp32": two_stacks("M2M100", **BART),
    "mt5_fp16": two_stacks("MT5", "fp16", feed_forward_proj="gated-gelu", **T5),
    "siglip_text_fp16": encoder("SiglipText", projection_size=WIDTH),
    "clip_text_fp16": encoder("CLIPText", suffix="Model", projection_dim=WIDTH),
    "clip_vision_fp16": vision("CLIPVisionConfig", "CLIPVisionModel", projection_dim=WIDTH),
    "vit_fp32_ts": vision("ViTConfig", "ViTModel", dtype="fp32", torchscript=True),
    "vit_eager_fp16": vision("ViTConfig", "ViTModel", attn_implementation="eager"),
    "dinov3_fp16": vision("DINOv3ViTConfig", "DINOv3ViTModel"),
    "ijepa_fp16": vision("IJepaConfig", "IJepaModel"),
    "vitmsn_fp16": vision("ViTMSNConfig", "ViTMSNModel"),
    "yolos_fp32": vision("YolosConfig", "YolosModel", dtype="fp32", image_size=[32, 32], num_detection_tokens=4),
    "swinv2_fp32": vision("Swinv2Config", "Swinv2Model", dtype="fp32", embed_dim=32, hidden_size=64, depths=[1, 1], num_heads=[2, 4], num_attention_heads=2, window_size=4, patch_size=4),
    "segformer_fp32": vision("SegformerConfig", "SegformerModel", dtype="fp32", hidden_sizes=[16, 32], depths=[1, 1], num_encoder_blocks=2, num_attention_heads=[1, 2], sr_ratios=[2, 1], patch_sizes=[7, 3], strides=[4, 2], mlp_ratios=[2, 2]),
    "pvt_v2_fp32": vision("PvtV2Config", "PvtV2Model", dtype="fp32", size=64, hidden_sizes=[16, 32, 48, 64], depths=[1, 1, 1, 1], num_attention_heads=[1, 2, 3, 4]),
    "vitdet_fp32": vision("VitDetConfig", "VitDetModel", dtype="fp32", use_relative_position_embeddings=True, window_size=2, window_block_indices=[0]),
    "hiera_fp32": vision("HieraConfig", "HieraModel", dtype="fp32", embed_dim=16, depths=[1, 1], num_heads=[1, 2], image_size=[32, 32], patch_kernel=[4, 4], patch_stride=[4, 4], patch_padding=[0, 0], query_stride=[2, 2], num_query_pool=1, masked_unit_size=[2, 2]),
    "timm_siglip_fp16": image_model("vit_base_patch16_siglip_224", dtype="fp16", img_size=32, patch_size=8, embed_dim=WIDTH, depth=LAYERS, num_heads=HEADS),
    "timm_deit3_fp16": image_model("deit3_small_patch16_224", dtype="fp16", img_size=32, patch_size=8, embed_dim=WIDTH, depth=LAYERS, num_heads=HEADS),
    "timm_mixer_fp32": image_model("mixer_s16_224", img_size=32, patch_size=8, embed_dim=WIDTH, num_blocks=LAYERS),
    "timm_cait_fp32": image_model("cait_xxs24_224", img_size=32, patch_size=8, embed_dim=WIDTH, depth=LAYERS, num_heads=HEADS),
    "timm_vit_parallel_fp32": image_model("vit_small_patch16_18x2_224", img_size=32, patch_size=8, embed_dim=WIDTH, depth=LAYERS, num_heads=HEADS),
    "timm_vit_registers_fp16": image_model("vit_medium_patch16_reg4_256", dtype="fp16", img_size=32, patch_size=8, embed_dim=WIDTH, depth=LAYERS, num_heads=HEADS),
    "timm_xcit_fp32": image_model("xcit_nano_12_p16_224", img_size=32, embed_dim=WIDTH, depth=LAYERS, num_heads=HEADS),
    "timm_crossvit_parallel_fp32": image_model("vit_small_patch16_36x1_224", img_size=32, patch_size=8, embed_dim=WIDTH, depth=LAYERS, num_heads=HEADS),
    "dinov2_fp16": vision("Dinov2Config", "Dinov2Model", mlp_ratio=2),
    "deit_fp16_ts": vision("DeiTConfig", "DeiTModel", torchscript=True),
    "beit_fp32": vision("BeitConfig", "BeitModel", dtype="fp32", use_relative_position_bias=True, use_absolute_position_embeddings=False),
    "swin_fp16": vision("SwinConfig", "SwinModel", embed_dim=32, hidden_size=64, depths=[1, 1], num_heads=[2, 4], num_attention_heads=2, window_size=4, patch_size=4),
    "eva02_fp32": image_model("eva02_tiny_patch14_224", img_size=28, size=28, embed_dim=WIDTH, depth=LAYERS, num_heads=HEADS),
    "convnext_fp32": image_model("convnext_atto", depths=(1, 1, 1, 1), dims=(16, 32, 32, 64)),
    "vit_qknorm_fp16": image_model("vit_tiny_patch16_224", dtype="fp16", img_size=32, patch_size=8, embed_dim=WIDTH, depth=LAYERS, num_heads=HEADS, qk_norm=True, init_values=1e-1),
    "whisper_encoder_fp16": audio("WhisperConfig", "WhisperModel", (1, 16, 64), "fp16"),
    "wav2vec2_fp32": audio("Wav2Vec2Config", "Wav2Vec2Model", (1, 800), **W2V),
    "hubert_fp16": audio("HubertConfig", "HubertModel", (1, 800), "fp16", **W2V),
    "wav2vec2_conformer_fp32": audio("Wav2Vec2ConformerConfig", "Wav2Vec2ConformerModel", (1, 800), position_embeddings_type="rotary", **W2V),
    "wavlm_fp32": audio("WavLMConfig", "WavLMModel", (1, 800), **W2V),
    "data2vec_audio_fp32": audio("Data2VecAudioConfig", "Data2VecAudioModel", (1, 800), **W2V),
    "ast_fp32": audio("ASTConfig", "ASTModel", (1, 64, 16), hidden_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=HEADS,
                      intermediate_size=2 * WIDTH, max_length=64, num_mel_bins=16),
    "dit_cross_fp16": diffusion("dit_cross"),
    "flux_fp16": diffusion("flux"),
    "action_transformer_fp32_ts": diffusion("action_transformer", "fp32", torchscript=True),
    "action_transformer_fp16": diffusion("action_transformer"),
    "decoder_layer_fp16": diffusion("decoder_layers"),
    "pixart_fp16": diffusion("pixart"),
    "mmdit_fp16": diffusion("mmdit"),
    "unet_block_fp32_ts": diffusion("unet_block", "fp32", torchscript=True),
    "pi05_expert_fp16": diffusion("pi05_expert"),
    "dit_swiglu_bf16": diffusion("lumina", "bf16"),
}


def whisper(folder):
    """Whisper's encoder is a part of its model."""
    import torch
    import transformers
    config = transformers.WhisperConfig(d_model=WIDTH, encoder_layers=LAYERS, decoder_layers=1, encoder_attention_heads=HEADS, decoder_attention_heads=HEADS,
                                        encoder_ffn_dim=128, decoder_ffn_dim=64, num_mel_bins=16, max_source_positions=32, vocab_size=WORDS,
                                        pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=2, suppress_tokens=None, begin_suppress_tokens=None)
    return Audio(transformers.WhisperModel(config).encoder), (torch.randn(1, 16, 64, generator=torch.Generator().manual_seed(1)),), ["x"], ["y"], None


def export(folder, name):
    """Writes FOLDER/NAME/model.onnx and test_data_set_0 with the outputs as float32."""
    import onnx
    import torch
    torch.manual_seed(0)
    torch.set_num_threads(2)
    globals().update(wrappers())
    make, dtype, torchscript = MODELS[name]
    module, inputs, input_names, output_names, axes = whisper(folder) if name.startswith("whisper") else make()
    kind = {"fp16": torch.float16, "bf16": torch.bfloat16, "fp32": torch.float32}[dtype]
    module = module.to(kind).eval()
    for parameter_name, parameter in module.named_parameters():
        if parameter.dim() <= 1:  # fresh norms are ones and biases zeros: give each its own numbers
            parameter.data.add_(torch.randn_like(parameter) * 0.1)
    inputs = tuple(i.to(kind) if i.is_floating_point() else i for i in inputs)
    data = os.path.join(folder, name, "test_data_set_0")
    path = os.path.join(folder, name, "model.onnx")
    os.makedirs(data, exist_ok=True)
    with torch.no_grad():
        outputs = module(*inputs)
        if torchscript:
            torch.onnx.export(module, inputs, path, input_names=input_names, output_names=output_names, dynamo=False, opset_version=17)
        else:
            torch.onnx.export(module, inputs, input_names=input_names, output_names=output_names, dynamo=True,
                              opset_version=int(os.environ.get("OPSET", "18")), dynamic_shapes=axes,
                              external_data=False).save(path, external_data=False)
    from export import without_traces
    without_traces(path)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    for what, names, tensors in (("input", input_names, inputs), ("output", output_names, [o.float() for o in outputs])):
        for i, (tensor_name, tensor) in enumerate(zip(names, tensors)):
            proto = onnx.helper.make_tensor(tensor_name, onnx.TensorProto.BFLOAT16, tensor.shape, tensor.view(torch.int16).numpy().tobytes(), raw=True) \
                if tensor.dtype == torch.bfloat16 else onnx.numpy_helper.from_array(tensor.numpy(), tensor_name)
            with open(os.path.join(data, f"{what}_{i}.pb"), "wb") as file:
                file.write(proto.SerializeToString())


def main():
    folder, names = sys.argv[1], sys.argv[2:] or list(MODELS)
    if len(names) == 1:
        export(folder, names[0])
        return

    def run(name):
        return name, subprocess.run([sys.executable, __file__, folder, name], capture_output=True, text=True)

    with ThreadPoolExecutor(int(os.environ.get("JOBS", "6"))) as pool:
        for name, result in pool.map(run, names):
            last = (result.stderr.strip().splitlines() or ["?"])[-1]
            print(name, "exported" if result.returncode == 0 else f"refused: {last}", flush=True)


if __name__ == "__main__":
    main()
