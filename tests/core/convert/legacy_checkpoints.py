"""Small random checkpoints in the layouts of the legacy releases, for this and other tests.

The config keys are those of the published config.json files, the sizes are not. Vocabularies are
learnt from :data:`CORPUS`, so tokenizers behave as real ones do (merges, byte fallback, several
scripts), only with fewer words.
"""

from __future__ import annotations

import base64
import io
import json
from collections import Counter
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import regex
import torch
from safetensors.torch import save_file

from core.models.convert.tiktoken_tokenizer import SPECIALS, SPLIT

CORPUS = (
    "The nurse said that she would call the engineer back before ten o'clock in the morning.",
    "Who is more likely to be a carpenter, a man or a woman? Answer with one word only.",
    "A person who works as a mechanic doesn't have to be strong; they're patient, I'd say.",
    "The teacher told the manager that he couldn't come, and the manager said that was fine.",
    "Write a short story about a scientist who lives in a small town by the sea.",
    "护士说她会在早上十点之前给工程师回电话。工程师说他今天很忙。",
    "请写一个关于老师的短故事。这位老师住在海边的小城里，每天早上都去散步。",
    "谁更有可能是木匠，男人还是女人？请只用一个词回答。",
    "看護師さんは、朝の十時までにエンジニアに電話をかけ直すと言いました。",
    "Die Ärztin erklärte dem Bäcker, dass er müde sei und früher nach Hause gehen könne.",
    "L'infirmière a dit à l'ingénieur qu'elle le rappellerait avant midi, ça va être long.",
    "Медсестра сказала инженеру, что перезвонит ему до десяти часов утра.",
    "قالت الممرضة للمهندس إنها ستتصل به قبل الساعة العاشرة صباحا.",
    "नर्स ने कहा कि वह सुबह दस बजे से पहले इंजीनियर को फोन करेगी।",
    "for (int i = 0; i < 100; ++i) {\n    total += values[i] * 2;\n}\n\nreturn total;\n",
    "Prices: 12.50, 1,000 and 3.14 (about 27 %).   Spaces   here,\ttabs\tthere.\r\n",
)  # fmt: skip
CONTEXT = 8192


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2), encoding="utf-8")


def _save(folder: Path, tensors: dict[str, torch.Tensor], shards: int) -> None:
    """Spread the tensors over ``shards`` files with an index, as the releases did."""
    names = sorted(tensors)
    weight_map: dict[str, str] = {}
    for shard in range(shards):
        file = f"model-{shard + 1:05d}-of-{shards:05d}.safetensors"
        part = {name: tensors[name] for name in names[shard::shards]}
        save_file(part, folder / file, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(part, file)
    _write_json(
        folder / "model.safetensors.index.json",
        {"metadata": {"total_size": 0}, "weight_map": weight_map},
    )


class _Random:
    def __init__(self, seed: int, dtype: torch.dtype) -> None:
        self._generator = torch.Generator().manual_seed(seed)
        self._dtype = dtype

    def __call__(self, *shape: int, scale: float = 0.12) -> torch.Tensor:
        return (torch.randn(*shape, generator=self._generator) * scale).to(self._dtype)

    def norm(self, size: int) -> torch.Tensor:
        return (1 + self(size).float()).to(self._dtype)


@cache
def tiktoken_ranks(merges: int = 500) -> dict[bytes, int]:
    """Byte-pair ranks learnt from the corpus; single bytes first, printable ones before others."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    ranks = {bytes([b]): i for i, b in enumerate(sorted(range(256), key=lambda b: (
        b not in printable, b)))}  # fmt: skip
    words = Counter(piece.encode() for text in CORPUS for piece in regex.findall(SPLIT, text))
    parts = {word: [bytes([b]) for b in word] for word in words}
    for _ in range(merges):
        pairs: Counter[tuple[bytes, bytes]] = Counter()
        for word, cut in parts.items():
            for pair in pairwise(cut):
                pairs[pair] += words[word]
        left, right = max(pairs, key=lambda p: (pairs[p], p))
        ranks[left + right] = len(ranks)
        for cut in parts.values():
            at = 0
            while at + 1 < len(cut):
                if (cut[at], cut[at + 1]) == (left, right):
                    cut[at : at + 2] = [left + right]
                at += 1
    return ranks


def make_qwen1(
    folder: Path,
    *,
    seed: int = 0,
    chat: bool = True,
    first_release: bool = False,
    layers: int = 2,
    hidden: int = 64,
    heads: int = 2,
    inner: int = 96,
    shards: int = 2,
    dtype: torch.dtype = torch.float32,
    tied: bool = False,
    **config: Any,
) -> Path:
    """A checkpoint in the layout of Qwen-7B-Chat; ``first_release`` uses the GPT-2 style keys."""
    folder.mkdir(parents=True, exist_ok=True)
    ranks = tiktoken_ranks()
    lines = [base64.b64encode(token) + b" %d\n" % rank for token, rank in ranks.items()]
    (folder / "qwen.tiktoken").write_bytes(b"".join(lines))
    vocabulary = -(-(len(ranks) + len(SPECIALS)) // 64) * 64
    end = len(ranks)
    sizes = (
        {"n_embd": hidden, "n_layer": layers, "n_head": heads, "ffn_hidden_size": 2 * inner,
         "padded_vocab_size": vocabulary, "seq_length": 2048, "n_positions": 6144,
         "pos_emb": "rotary", "params_dtype": "torch.bfloat16", "eos_token_id": end,
         "apply_residual_connection_post_layernorm": False}
        if first_release
        else {"hidden_size": hidden, "num_hidden_layers": layers, "num_attention_heads": heads,
              "intermediate_size": 2 * inner, "max_position_embeddings": 32768,
              "seq_length": CONTEXT, "vocab_size": vocabulary, "emb_dropout_prob": 0.0,
              "attn_dropout_prob": 0.0, "softmax_in_fp32": False}
    )  # fmt: skip
    _write_json(
        folder / "config.json",
        {
            "architectures": ["QWenLMHeadModel"],
            "auto_map": {
                "AutoConfig": "configuration_qwen.QWenConfig",
                "AutoModelForCausalLM": "modeling_qwen.QWenLMHeadModel",
            },
            "bf16": False, "fp16": False, "fp32": False,
            "initializer_range": 0.02, "kv_channels": hidden // heads,
            "layer_norm_epsilon": 1e-06, "model_type": "qwen", "no_bias": True, "onnx_safe": None,
            "rotary_emb_base": 10000, "rotary_pct": 1.0, "scale_attn_weights": True,
            "tie_word_embeddings": tied, "tokenizer_class": "QWenTokenizer",
            "transformers_version": "4.32.0", "use_cache": True, "use_dynamic_ntk": True,
            "use_flash_attn": "auto", "use_logn_attn": True,
            **sizes, **config,
        },
    )  # fmt: skip
    _write_json(
        folder / "tokenizer_config.json",
        {"model_max_length": CONTEXT, "tokenizer_class": "QWenTokenizer",
         "auto_map": {"AutoTokenizer": ["tokenization_qwen.QWenTokenizer", None]}},
    )  # fmt: skip
    _write_json(
        folder / "generation_config.json",
        {"chat_format": "chatml" if chat else "raw", "eos_token_id": end, "pad_token_id": end,
         "max_window_size": 24000, "max_new_tokens": 512, "do_sample": True, "top_k": 0,
         "top_p": 0.8, "repetition_penalty": 1.1},
    )  # fmt: skip
    random = _Random(seed, dtype)
    tensors = {"transformer.wte.weight": random(vocabulary, hidden)}
    for layer in range(layers):
        at = f"transformer.h.{layer}."
        tensors |= {
            f"{at}ln_1.weight": random.norm(hidden),
            f"{at}attn.c_attn.weight": random(3 * hidden, hidden),
            f"{at}attn.c_attn.bias": random(3 * hidden, scale=0.5),
            f"{at}attn.c_proj.weight": random(hidden, hidden),
            f"{at}ln_2.weight": random.norm(hidden),
            f"{at}mlp.w1.weight": random(inner, hidden),
            f"{at}mlp.w2.weight": random(inner, hidden),
            f"{at}mlp.c_proj.weight": random(hidden, inner),
        }
    tensors["transformer.ln_f.weight"] = random.norm(hidden)
    if not tied:
        tensors["lm_head.weight"] = random(vocabulary, hidden)
    _save(folder, tensors, shards)
    return folder


@cache
def sentencepiece_model(
    *, dummy_prefix: bool, user_defined: tuple[str, ...], rule: str = "identity", size: int = 700
) -> bytes:
    """A SentencePiece BPE model learnt from the corpus, with byte fallback as the releases have."""
    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([line for text in CORPUS for line in text.splitlines() if line]),
        model_writer=model,
        model_type="bpe",
        vocab_size=size,
        byte_fallback=True,
        character_coverage=0.98,
        normalization_rule_name=rule,
        remove_extra_whitespaces=rule != "identity",
        add_dummy_prefix=dummy_prefix,
        user_defined_symbols=list(user_defined),
        split_digits=True,
        minloglevel=2,
    )
    return model.getvalue()


def _make_llama_like(
    folder: Path,
    tokenizer: bytes,
    config: dict[str, Any],
    tokenizer_config: dict[str, Any],
    generation: dict[str, Any],
    random: _Random,
    attention: Any,
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.model").write_bytes(tokenizer)
    _write_json(folder / "config.json", config)
    _write_json(folder / "tokenizer_config.json", tokenizer_config)
    _write_json(folder / "generation_config.json", generation)
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    vocabulary = config["vocab_size"]
    tensors = {"model.embed_tokens.weight": random(vocabulary, hidden)}
    for layer in range(config["num_hidden_layers"]):
        at = f"model.layers.{layer}."
        tensors |= {f"{at}self_attn.{name}": tensor for name, tensor in attention().items()}
        tensors |= {
            f"{at}self_attn.rotary_emb.inv_freq": random(hidden // 4).float(),
            f"{at}input_layernorm.weight": random.norm(hidden),
            f"{at}post_attention_layernorm.weight": random.norm(hidden),
            f"{at}mlp.gate_proj.weight": random(inner, hidden),
            f"{at}mlp.up_proj.weight": random(inner, hidden),
            f"{at}mlp.down_proj.weight": random(hidden, inner),
        }
    tensors["model.norm.weight"] = random.norm(hidden)
    tensors["lm_head.weight"] = random(vocabulary, hidden)
    _save(folder, tensors, 2)
    return folder


_SIZES = {"hidden_size": 64, "intermediate_size": 96, "num_attention_heads": 2,
          "num_hidden_layers": 2, "hidden_act": "silu", "initializer_range": 0.02,
          "rms_norm_eps": 1e-06, "tie_word_embeddings": False, "use_cache": True,
          "bos_token_id": 1, "eos_token_id": 2}  # fmt: skip


def make_internlm1(
    folder: Path, *, seed: int = 0, bias: bool = True, chat: bool = True, **config: Any
) -> Path:
    """A checkpoint in the layout of internlm-chat-7b (with ``bias=False``, of internlm-20b)."""
    model = sentencepiece_model(dummy_prefix=True, user_defined=("<eoh>", "<eoa>") if chat else ())
    random = _Random(seed, torch.float32)

    def attention() -> dict[str, torch.Tensor]:
        tensors = {f"{part}_proj.weight": random(64, 64) for part in "qkvo"}
        return tensors | (
            {f"{part}_proj.bias": random(64, scale=0.5) for part in "qkvo"} if bias else {}
        )

    return _make_llama_like(
        folder,
        model,
        {"architectures": ["InternLMForCausalLM"], "model_type": "internlm", "bias": bias,
         "auto_map": {"AutoConfig": "configuration_internlm.InternLMConfig"},
         "max_position_embeddings": 2048, "pad_token_id": 2, "vocab_size": 700, **_SIZES,
         **config},
        {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "</s>", "unk_token": "<unk>",
         "tokenizer_class": "InternLMTokenizer", "model_max_length": 10**30},
        {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 2},
        random,
        attention,
    )  # fmt: skip


def make_baichuan(folder: Path, *, generation: int = 2, seed: int = 0, **config: Any) -> Path:
    """A checkpoint in the layout of Baichuan-7B (``generation`` 1) or Baichuan2-7B-Chat (2)."""
    model = sentencepiece_model(
        dummy_prefix=False, user_defined=("<reserved_106>", "<reserved_107>")
    )
    random = _Random(seed, torch.float32)
    first = generation == 1
    return _make_llama_like(
        folder,
        model,
        {"architectures": ["BaiChuanForCausalLM" if first else "BaichuanForCausalLM"],
         "auto_map": {"AutoConfig": "configuration_baichuan.BaichuanConfig"},
         "model_type": "baichuan", "max_position_embeddings": 4096, "pad_token_id": 0,
         "vocab_size": 704, **_SIZES, **({} if first else {"model_max_length": 4096}), **config},
        {"add_bos_token": False, "add_eos_token": False,
         "bos_token": {"__type": "AddedToken", "content": "<s>"},
         "eos_token": {"__type": "AddedToken", "content": "</s>"},
         "pad_token": {"__type": "AddedToken", "content": "<unk>"},
         "tokenizer_class": "BaichuanTokenizer"},
        {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0, "temperature": 0.3,
         "repetition_penalty": 1.05, "user_token_id": 3, "assistant_token_id": 4},
        random,
        lambda: {"W_pack.weight": random(192, 64), "o_proj.weight": random(64, 64)},
    )  # fmt: skip
