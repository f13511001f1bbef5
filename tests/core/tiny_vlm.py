"""Random vision-language models small enough to make on the spot: Idefics3, Qwen2-VL, Qwen2.5-VL.

Folders look like hub snapshots (config, safetensors, byte-level tokenizer with a chat template that
reads parts, image processor). Weights are spread wide, so that answers depend on the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.models.base import Image
from tests.core.tiny_models import SPECIAL, make_tokenizer

FAMILIES = ("idefics3", "qwen2_vl", "qwen2_5_vl")
#: Pixels of a picture's side, and of a patch's, for every family.
SIDE, PATCH = 32, 8
_ASCII = 94

_PARTS = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}PLACEHOLDER{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{{ '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
_IDEFICS3 = ("<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>")
_QWEN = ("<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>")
_TEXT = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 512,
    "initializer_range": 0.1,
    "bos_token_id": None,
    "eos_token_id": 256 + SPECIAL.index("<|im_end|>"),
    "pad_token_id": 256 + SPECIAL.index("<|endoftext|>"),
}


def save_vlm(folder: Path, family: str = "idefics3", *, seed: int = 0) -> Path:
    """Write a random model of the family with all its files; returns ``folder``."""
    import torch
    from transformers import AutoModelForImageTextToText

    tokenizer = _tokenizer(family)
    config = _idefics3(tokenizer) if family == "idefics3" else _qwen(family, tokenizer)
    torch.manual_seed(seed)
    model = AutoModelForImageTextToText.from_config(config, dtype=torch.float32).eval()
    with torch.no_grad():
        # No trained model writes a picture's placeholder; a random one would. Nor half letters of
        # UTF-8, which engines decode each in its own way: ids below _ASCII are !, ", … ~.
        head = model.get_output_embeddings().weight
        head[_ASCII:256] = 0
        head[-len(_IDEFICS3) :] = 0
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.save_pretrained(folder)
    if family == "idefics3":
        _save_idefics3_processor(folder, tokenizer)
    else:
        _save_qwen_processor(folder, tokenizer)
    return folder


def save_pictures(folder: Path, colours: Sequence[str] = ("red", "green", "blue")) -> list[Image]:
    """Half-coloured pictures, one a colour, as RGB PNG files; ids are ``square/COLOUR``.

    The last is twice as wide as high: what belongs to a picture's size must not be shared.
    """
    import PIL.Image

    folder.mkdir(parents=True, exist_ok=True)
    images = []
    for colour in colours:
        width = SIDE if colour != colours[-1] else 2 * SIDE
        picture = PIL.Image.new("RGB", (width, SIDE), "white")
        picture.paste(colour, (0, 0, SIDE // 2, SIDE))
        path = folder / f"{colour}.png"
        picture.save(path)
        images.append(Image(f"square/{colour}", path))
    return images


def save_text_adapter(folder: Path, model: Path, *, seed: int = 0) -> Path:
    """A random LoRA (rank 4) on the attention of the language model alone; returns ``folder``."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForImageTextToText

    base = AutoModelForImageTextToText.from_pretrained(model, dtype=torch.float32)
    torch.manual_seed(seed)
    config = LoraConfig(
        r=4, target_modules=r".*text_model.*\.(q_proj|v_proj)", init_lora_weights=False
    )
    get_peft_model(base, config).save_pretrained(folder)
    return folder


def _tokenizer(family: str) -> Any:
    own, placeholder = (
        (_IDEFICS3, "<image>")
        if family == "idefics3"
        else (_QWEN, "<|vision_start|><|image_pad|><|vision_end|>")
    )
    tokenizer = make_tokenizer(_PARTS.replace("PLACEHOLDER", placeholder))
    tokenizer.add_special_tokens({"additional_special_tokens": list(own)})
    return tokenizer


def _idefics3(tokenizer: Any) -> Any:
    from transformers import Idefics3Config

    return Idefics3Config(
        text_config={"model_type": "llama", "vocab_size": len(tokenizer), **_TEXT},
        vision_config={
            "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
            "num_attention_heads": 2, "image_size": SIDE, "patch_size": PATCH,
            "initializer_range": 0.1,
        },
        scale_factor=2,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip


def _qwen(family: str, tokenizer: Any) -> Any:
    from transformers import Qwen2_5_VLConfig, Qwen2VLConfig

    vision: dict[str, Any] = {
        "depth": 2, "num_heads": 2, "patch_size": PATCH, "spatial_merge_size": 2,
        "initializer_range": 0.1,
    }  # fmt: skip
    if family == "qwen2_vl":
        vision |= {"embed_dim": 64, "hidden_size": 64, "mlp_ratio": 2}
    else:
        vision |= {
            "hidden_size": 64, "out_hidden_size": 64, "intermediate_size": 96,
            "fullatt_block_indexes": [1], "window_size": 2 * PATCH,
        }  # fmt: skip
    image, video, start, end = (tokenizer.convert_tokens_to_ids(t) for t in _QWEN)
    make = Qwen2VLConfig if family == "qwen2_vl" else Qwen2_5_VLConfig
    return make(
        text_config={
            "vocab_size": len(tokenizer),
            "rope_parameters": {
                "rope_type": "default", "rope_theta": 10_000.0, "mrope_section": [4, 6, 6],
            },
            **_TEXT,
        },
        vision_config=vision,
        image_token_id=image,
        video_token_id=video,
        vision_start_token_id=start,
        vision_end_token_id=end,
    )  # fmt: skip


def _save_idefics3_processor(folder: Path, tokenizer: Any) -> None:
    from transformers import Idefics3Processor
    from transformers.models.idefics3.image_processing_pil_idefics3 import (
        Idefics3ImageProcessorPil,
    )

    images = Idefics3ImageProcessorPil(
        do_image_splitting=False, size={"longest_edge": SIDE}, max_image_size={"longest_edge": SIDE}
    )
    Idefics3Processor(
        image_processor=images,
        tokenizer=tokenizer,
        image_seq_len=(SIDE // PATCH) ** 2 // 4,
        chat_template=tokenizer.chat_template,
    ).save_pretrained(folder)


def _save_qwen_processor(folder: Path, tokenizer: Any) -> None:
    # Not by its processor class: without torchvision that has no video part to be made of.
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    area = SIDE * SIDE
    Qwen2VLImageProcessorPil(
        patch_size=PATCH, merge_size=2, size={"shortest_edge": area, "longest_edge": area}
    ).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
