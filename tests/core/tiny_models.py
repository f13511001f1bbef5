"""Random models small enough to make on the spot, with a byte-level ChatML tokenizer.

Their answers mean nothing; their arithmetic is that of the real architectures.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

CHATML = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


def make_tokenizer(chat_template: str | None = CHATML) -> Any:
    """Every byte is a token (256), then three special tokens; ``<|im_end|>`` ends an answer."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    core = Tokenizer(models.BPE(vocab={char: i for i, char in enumerate(alphabet)}, merges=[]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    core.add_special_tokens(list(SPECIAL))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core, eos_token="<|im_end|>", pad_token="<|endoftext|>"
    )
    tokenizer.chat_template = chat_template
    return tokenizer


def make_model(*, seed: int = 0, family: str = "llama", **overrides: Any) -> Any:
    """A float32 model in memory: 2 layers, width 32. ``family``: llama, mistral, gpt2, bloom."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    sizes: dict[str, Any] = {"vocab_size": 259, "eos_token_id": 258, "pad_token_id": 256}
    sizes["bos_token_id"] = None
    if family in ("llama", "mistral"):
        # Wide enough a spread of weights for answers that depend on the whole prompt.
        sizes |= {
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 512,
            "initializer_range": 0.2,
        }
    elif family == "gpt2":
        sizes |= {"n_embd": 32, "n_layer": 2, "n_head": 4, "initializer_range": 0.2}
    elif family == "bloom":
        sizes |= {"hidden_size": 32, "n_layer": 2, "n_head": 4, "initializer_range": 0.2}
    else:
        raise ValueError(family)
    torch.manual_seed(seed)
    config = AutoConfig.for_model(family, **(sizes | overrides))
    return AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()


def save_model(folder: Path, *, chat_template: str | None = CHATML, **options: Any) -> Path:
    """Write a model and its tokenizer the way a hub snapshot looks; returns ``folder``."""
    make_model(**options).save_pretrained(folder, safe_serialization=True)
    make_tokenizer(chat_template).save_pretrained(folder)
    return folder


def save_adapter(folder: Path, *, seed: int = 0, **options: Any) -> Path:
    """Write a random LoRA (rank 4, attention) for ``make_model(**options)``; returns ``folder``."""
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    config = LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    get_peft_model(make_model(**options), config).save_pretrained(folder)
    return folder
