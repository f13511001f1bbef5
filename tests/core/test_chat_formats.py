from __future__ import annotations

from typing import Any

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from core.models import catalogue
from core.models.chat_formats import (
    fallback_format,
    fallback_template,
    is_chat_tuned,
    known_formats,
)

USER = {"role": "user", "content": "Q"}
TALK = [
    {"role": "system", "content": "S"},
    USER,
    {"role": "assistant", "content": "A"},
    {"role": "user", "content": "Q2"},
]


def render(name: str, messages: list[dict[str, str]], generate: bool = True) -> str:
    """As transformers renders a chat template: sandboxed, blocks trimmed."""
    source = fallback_template(name)
    assert source is not None
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    values: dict[str, Any] = {"messages": messages, "add_generation_prompt": generate}
    return environment.from_string(source).render(**values)


# Written out from what each model's authors publish (the `source` of the data file).
PUBLISHED = {
    "qwen": (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
        "<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\n"
    ),
    "chatml": "<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\n",
    "internlm2": "<s><|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\n",
    "baichuan": "<reserved_106>Q<reserved_107>",
    "llama": "<s>[INST] Q [/INST]",
    "llama3": (
        "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nQ<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n"
    ),
    "zephyr": "<|user|>\nQ</s>\n<|assistant|>\n",
    "llava1_5_hf": "<s>USER: Q ASSISTANT:",
    "minicpm": "<s><用户>Q<AI>",
    "ziya": "<s><human>:Q\n<bot>:",
    "atom": "<s>Human: Q\n</s><s>Assistant: ",
    "orion": "<s>Human: Q\n\nAssistant: </s>",
    "sus": "### Human: Q\n\n### Assistant: ",
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_one_question_in_the_published_format(name: str) -> None:
    assert render(name, [USER]) == PUBLISHED[name]


def test_conversations_in_the_published_format() -> None:
    assert render("qwen", TALK) == (
        "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nQ<|im_end|>\n"
        "<|im_start|>assistant\nA<|im_end|>\n<|im_start|>user\nQ2<|im_end|>\n"
        "<|im_start|>assistant\n"
    )
    assert render("llama", TALK) == (
        "<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nQ [/INST] A </s><s>[INST] Q2 [/INST]"
    )
    assert render("baichuan", TALK) == (
        "S<reserved_106>Q<reserved_107>A<reserved_106>Q2<reserved_107>"
    )
    assert render("internlm", TALK) == (
        "<s><|System|>:S\n<|User|>:Q\n<|Bot|>:A<eoa>\n<|User|>:Q2\n<|Bot|>:"
    )


@pytest.mark.parametrize("name", known_formats())
def test_every_format_keeps_every_message_verbatim(name: str) -> None:
    odd = [{"role": m["role"], "content": f"  {{{{ {m['content']} }}}} ENDE 中文 "} for m in TALK]
    text = render(name, odd)
    places = [text.index(m["content"]) for m in odd]
    assert places == sorted(places)
    assert all(text.count(m["content"]) == 1 for m in odd)


@pytest.mark.parametrize("name", known_formats())
def test_a_prompt_is_the_start_of_the_conversation_that_answers_it(name: str) -> None:
    # What is trained on and what is asked must agree, or a model sees two formats.
    asked = render(name, [USER])
    told = render(name, [USER, {"role": "assistant", "content": "A"}], generate=False)
    assert told.startswith(asked)
    assert "A" in told[len(asked) :]


def test_names_without_a_fallback() -> None:
    assert fallback_template(None) is None
    assert fallback_template("default") is None
    assert fallback_template("no-such-format") is None


def test_every_format_is_a_name_of_the_catalogue() -> None:
    assert set(known_formats()) <= {e.chat_format for e in catalogue.entries()}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("qwen-7b-chat", "qwen"),
        ("qwen-7b", None),
        ("internlm-chat-7b", "internlm"),
        ("internlm-7b", None),
        ("baichuan2-7b-chat", "baichuan"),
        ("baichuan-7b", None),
        ("llama-2-7b-chat-hf", "llama"),
        ("llama-2-7b-hf", None),
        ("mistral-7b-instruct-v0.2", "llama"),
        ("phi-2", None),
    ],
)
def test_base_models_get_no_chat_format(name: str, expected: str | None) -> None:
    entry = catalogue.get(name)
    assert entry is not None
    assert fallback_format(entry) == expected
    assert is_chat_tuned(entry) == (expected is not None)
