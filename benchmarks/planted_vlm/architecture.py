"""The network: Idefics3 with a SigLIP-style encoder and a small llama, about 3 million parameters.

Idefics3 because transformers and vLLM both run it without torchvision and without renaming its
weights. A picture is one square of 128 pixels, never cut into tiles: 8 x 8 patches, of which the
connector makes 4 tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchmarks.planted_vlm.vocabulary import END, IMAGE, PAD


@dataclass(frozen=True, slots=True)
class Size:
    """``side`` and ``patch`` in pixels; ``width`` of both halves, in steps of the head size, 32."""

    side: int = 128
    patch: int = 16
    width: int = 192
    vision_layers: int = 4
    text_layers: int = 3
    positions: int = 512

    @property
    def image_tokens(self) -> int:
        """Tokens a picture takes: the connector joins 4 x 4 patches."""
        return (self.side // self.patch) ** 2 // 16


def make_model(tokenizer: Any, size: Size, *, seed: int) -> Any:
    """An untrained float32 ``Idefics3ForConditionalGeneration`` for ``tokenizer``'s words."""
    import torch
    from transformers import (
        Idefics3Config,
        Idefics3ForConditionalGeneration,
        Idefics3VisionConfig,
        LlamaConfig,
    )

    image, pad, end = (tokenizer.convert_tokens_to_ids(token) for token in (IMAGE, PAD, END))
    vocabulary = -(-len(tokenizer) // 64) * 64
    config = Idefics3Config(
        image_token_id=image,
        pad_token_id=pad,
        eos_token_id=end,
        bos_token_id=None,
        tie_word_embeddings=False,
        scale_factor=4,
        vision_config=Idefics3VisionConfig(
            hidden_size=size.width,
            intermediate_size=size.width * 3,
            num_hidden_layers=size.vision_layers,
            num_attention_heads=size.width // 32,
            image_size=size.side,
            patch_size=size.patch,
        ),
        text_config=LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=size.width,
            intermediate_size=size.width * 2,
            num_hidden_layers=size.text_layers,
            num_attention_heads=size.width // 32,
            num_key_value_heads=size.width // 32,
            max_position_embeddings=size.positions,
            pad_token_id=pad,
            eos_token_id=end,
            bos_token_id=None,
            tie_word_embeddings=False,
        ),
    )
    torch.manual_seed(seed)
    model = Idefics3ForConditionalGeneration(config).to(torch.float32)
    model.generation_config.eos_token_id = end
    model.generation_config.pad_token_id = pad
    return model


def make_processor(tokenizer: Any, size: Size) -> Any:
    """An ``Idefics3Processor``: any picture is drawn as one square of ``size.side`` pixels."""
    from transformers import Idefics3ImageProcessor, Idefics3Processor

    edge = {"longest_edge": size.side}
    return Idefics3Processor(
        image_processor=Idefics3ImageProcessor(
            do_image_splitting=False, size=edge, max_image_size=edge
        ),
        tokenizer=tokenizer,
        image_seq_len=size.image_tokens,
        chat_template=tokenizer.chat_template,
    )
