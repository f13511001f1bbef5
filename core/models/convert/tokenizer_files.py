"""Writes tokenizer.json, tokenizer_config.json and generation_config.json of a converted model.

Only token ids go into generation_config.json, never the checkpoint's sampling settings: whoever
asks the model chooses those, and an engine that quietly applied a repetition penalty to a greedy
answer would change what is measured.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.errors import EnvironmentProblem
from core.models.convert import sentencepiece_tokenizer, tiktoken_tokenizer
from core.models.folder import read_json

#: ChatML as Qwen's chat models were trained on it, with their default system message.
CHATML = (
    "{% if messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}{% endif %}"
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def optional_json(path: Path) -> dict[str, Any]:
    """A JSON object, or {} where there is no such file."""
    return read_json(path) if path.is_file() else {}


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _source_file(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise EnvironmentProblem(
            f"{folder} has {len(found)} files {pattern} where its tokenizer needs one. "
            "Fetch the model's original tokenizer files."
        )
    return found[0]


def write_qwen(source: Path, target: Path, *, context: int, vocabulary: int) -> None:
    """From the one .tiktoken file; a chat checkpoint gets the ChatML template too."""
    path = _source_file(source, "*.tiktoken")
    tokenizer = tiktoken_tokenizer.build(path)
    chat = optional_json(source / "generation_config.json").get("chat_format") == "chatml"
    end, turn_end = tiktoken_tokenizer.END_OF_TEXT, tiktoken_tokenizer.TURN_END
    settings = {
        "eos_token": turn_end if chat else end,
        "pad_token": end,
        "chat_template": CHATML if chat else None,
    }
    _write(
        target,
        tokenizer,
        path,
        settings,
        ends=[tokenizer.token_to_id(t) for t in (turn_end, end)],
        pad=tokenizer.token_to_id(end),
        context=context,
        vocabulary=vocabulary,
    )


def write_sentencepiece(
    source: Path, target: Path, *, context: int, vocabulary: int, end: str | None = None
) -> None:
    """From tokenizer.model; ``end`` is the family's own end of an answer, beside ``</s>``."""
    path = _source_file(source, "tokenizer.model")
    old = optional_json(source / "tokenizer_config.json")
    tokenizer, names = sentencepiece_tokenizer.build(
        path, add_bos=bool(old.get("add_bos_token", True)), end=end
    )
    sentencepiece_tokenizer.check_equal(tokenizer, path)
    pad = _content(old.get("pad_token"))
    if pad is None or tokenizer.token_to_id(pad) is None:
        pad = names["eos"]
    settings = {f"{kind}_token": token for kind, token in names.items()} | {"pad_token": pad}
    declared = optional_json(source / "generation_config.json").get("eos_token_id")
    ends = [tokenizer.token_to_id(t) for t in (end, names["eos"]) if t]
    ends += declared if isinstance(declared, list) else [declared]
    _write(
        target,
        tokenizer,
        path,
        settings,
        ends=ends,
        pad=tokenizer.token_to_id(pad),
        context=context,
        vocabulary=vocabulary,
        bos=tokenizer.token_to_id(names["bos"]),
    )


def _content(token: Any) -> str | None:
    """A special token as older files write it: a string, or an object with its ``content``."""
    value = token.get("content") if isinstance(token, Mapping) else token
    return value if isinstance(value, str) else None


def _write(
    target: Path,
    tokenizer: Any,
    path: Path,
    settings: Mapping[str, Any],
    *,
    ends: Sequence[int | None],
    pad: int,
    context: int,
    vocabulary: int,
    bos: int | None = None,
) -> None:
    if (size := tokenizer.get_vocab_size()) > vocabulary:
        raise EnvironmentProblem(
            f"{path} makes {size:,} tokens but config.json says vocab_size = {vocabulary:,}. "
            "They belong to different models: fetch both again."
        )
    tokenizer.save(str(target / "tokenizer.json"))
    write_json(
        target / "tokenizer_config.json",
        {
            # The plain class keeps tokenizer.json as it is; a family's own would rebuild it.
            "tokenizer_class": "PreTrainedTokenizerFast",
            "clean_up_tokenization_spaces": False,
            "model_max_length": context,
            "padding_side": "left",
            **{key: value for key, value in settings.items() if value is not None},
        },
    )
    unique = list(dict.fromkeys(token for token in ends if token is not None))
    generation = {"eos_token_id": unique, "pad_token_id": pad}
    if bos is not None:
        generation["bos_token_id"] = bos
    write_json(target / "generation_config.json", generation)
