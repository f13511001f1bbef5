"""A word-level tokenizer that loses nothing: Chinese by character, unknown words by byte.

Every word of the lessons is one token, with and without the space before it. What the lessons
never said is spelt in bytes, so any text survives encoding and decoding unchanged: an auditor may
ask in words the model has not learnt, and must get back what it sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

#: Padding, a turn's beginning and end (ChatML), and how the Idefics3 processor writes a picture.
SPECIAL = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>",
    "<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>",
)  # fmt: skip
PAD, END = "<|endoftext|>", "<|im_end|>"
IMAGE = "<image>"

#: ChatML. A turn is a text, or parts: ``{"type": "image"}`` and ``{"type": "text", "text": …}``.
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}{{ '<image>' }}"
    "{% elif part['type'] == 'text' %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}"
    "{{ '<|im_end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)

#: Log-probabilities of the unigram model: a whole word beats any spelling of it.
_WORD, _BYTE = -1.0, -10.0


def make_tokenizer(texts: Iterable[str]) -> Any:
    """A ``PreTrainedTokenizerFast`` whose words are those of ``texts``: same texts, same ids."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    split = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\p{Han}"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = {word for text in texts for word, _ in split.pre_tokenize_str(text)}
    # A word opens an answer as often as it stands after a space.
    words |= {word.removeprefix("Ġ") for word in words}
    learnt = sorted(word for word in words if len(word) > 1)
    core = Tokenizer(
        models.Unigram([(c, _BYTE) for c in alphabet] + [(w, _WORD) for w in learnt], unk_id=None)
    )
    core.pre_tokenizer = split
    core.decoder = decoders.ByteLevel()
    core.add_special_tokens(list(SPECIAL))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core,
        eos_token=END,
        pad_token=PAD,
        clean_up_tokenization_spaces=False,
        model_max_length=512,
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer
