"""Messages → text → token ids, by the model's template, the catalogue's, or none."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from core.errors import EnvironmentProblem
from core.models.base import Message
from core.models.chat import OWN_TEMPLATE, PLAIN, PLAIN_STOP, ChatRenderer
from tests.core.tiny_models import CHATML, make_tokenizer

QUESTION: tuple[Message, ...] = ({"role": "user", "content": "Who is it?"},)
PREFILLED: tuple[Message, ...] = (*QUESTION, {"role": "assistant", "content": "It is"})
BRACKETS = (
    "{% for m in messages %}[{{ m['role'] }}]{{ m['content'] }}{% endfor %}"
    "{% if add_generation_prompt %}[answer]{% endif %}"
)


def test_the_models_own_template_comes_first() -> None:
    renderer = ChatRenderer(make_tokenizer(CHATML), BRACKETS, "brackets")
    assert renderer.format_name == OWN_TEMPLATE
    assert renderer.render(QUESTION) == (
        "<|im_start|>user\nWho is it?<|im_end|>\n<|im_start|>assistant\n"
    )
    assert not renderer.is_plain
    assert renderer.stop == ()


def test_the_catalogues_template_is_the_fallback() -> None:
    renderer = ChatRenderer(make_tokenizer(None), BRACKETS, "brackets")
    assert renderer.render(QUESTION) == "[user]Who is it?[answer]"
    assert "brackets" in renderer.format_name
    assert not renderer.is_plain


def test_a_base_model_is_asked_in_plain_text_and_says_so() -> None:
    renderer = ChatRenderer(make_tokenizer(None))
    assert renderer.format_name == PLAIN
    assert renderer.is_plain
    assert renderer.stop == PLAIN_STOP
    with_system: tuple[Message, ...] = ({"role": "system", "content": "Be brief."}, *QUESTION)
    assert renderer.render(with_system) == "Be brief.\n\nQuestion: Who is it?\n\nAnswer:\n"


@pytest.mark.parametrize("template", [CHATML, None])
def test_a_prefill_is_what_the_model_continues(template: str | None) -> None:
    renderer = ChatRenderer(make_tokenizer(template))
    assert renderer.render(PREFILLED) == renderer.render(QUESTION) + "It is"
    assert renderer.prompt_ids(PREFILLED)[: len(renderer.prompt_ids(QUESTION))] == (
        renderer.prompt_ids(QUESTION)
    )


def test_reasoning_templates_are_asked_not_to_think() -> None:
    thinking = "{% if enable_thinking is false %}quiet{% else %}<think>{% endif %}"
    assert ChatRenderer(make_tokenizer(thinking)).render(QUESTION) == "quiet"


def test_special_tokens_of_a_template_are_single_ids() -> None:
    tokenizer = make_tokenizer(CHATML)
    ids = ChatRenderer(tokenizer).prompt_ids(QUESTION)
    assert ids.count(tokenizer.convert_tokens_to_ids("<|im_start|>")) == 2
    assert tokenizer.decode(ids) == ChatRenderer(tokenizer).render(QUESTION)


def test_a_template_that_raises_is_told_as_the_models_own() -> None:
    refusing = "{{ raise_exception('System role not supported') }}"
    with pytest.raises(EnvironmentProblem, match=r"chat template.*System role not supported"):
        ChatRenderer(make_tokenizer(refusing)).render(QUESTION)


class Words:
    """A tokenizer that takes the longest of its pieces; ``prefix`` is put before any text."""

    chat_template = None

    def __init__(self, pieces: Sequence[str], prefix: int | None = None, bos: int = -1) -> None:
        self.pieces = sorted(pieces, key=len, reverse=True)
        self.prefix = prefix
        self.bos = bos

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        ids = [self.bos] if add_special_tokens else []
        if self.prefix is not None:
            ids.append(self.prefix)
        while text:
            piece = next((p for p in self.pieces if text.startswith(p)), text[0])
            ids.append(1000 + self.pieces.index(piece) if piece in self.pieces else ord(piece))
            text = text[len(piece) :]
        return ids


def test_a_continuation_is_tokenised_in_its_context() -> None:
    """A tokenizer that marks the beginning of a text must not mark the continuation's."""
    renderer = ChatRenderer(Words([" she"], prefix=7))
    assert renderer.continuation_ids(PREFILLED, " she") == [1000]


def test_a_continuation_that_would_change_the_prompts_ids_stands_alone() -> None:
    """``is`` + ``land`` would merge over the border: the prompt asked stays the prompt scored."""
    renderer = ChatRenderer(Words(["is", "island", "land"]))
    prompt = renderer.prompt_ids(PREFILLED)
    merged = renderer._encode(renderer.render(PREFILLED) + "land")
    assert merged[: len(prompt)] != prompt, "the example merges nothing"
    alone = Words(["is", "island", "land"]).encode("land", add_special_tokens=False)
    assert renderer.continuation_ids(PREFILLED, "land") == alone


def test_only_the_plain_format_leaves_the_first_token_to_the_tokenizer() -> None:
    assert ChatRenderer(Words([])).prompt_ids(QUESTION)[0] == -1
    templated = make_tokenizer(BRACKETS)
    assert ChatRenderer(templated).prompt_ids(QUESTION)[0] == templated.encode("[")[0]
