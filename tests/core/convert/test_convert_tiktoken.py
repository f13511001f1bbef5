"""The tokenizer made from a .tiktoken file against tiktoken itself."""

from __future__ import annotations

import base64
import unicodedata
from pathlib import Path
from typing import Any

import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import EnvironmentProblem
from core.models.convert.sentencepiece_tokenizer import CHECKED_TEXTS
from core.models.convert.tiktoken_tokenizer import SPECIALS, SPLIT, build, byte_symbols, read_ranks
from tests.core.convert.legacy_checkpoints import CORPUS, make_qwen1, tiktoken_ranks


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[tiktoken.Encoding, Any]:
    """(tiktoken's encoding of the vocabulary, the fast tokenizer built from its file)."""
    ranks = tiktoken_ranks()
    original = tiktoken.Encoding(
        "legacy",
        pat_str=SPLIT,
        mergeable_ranks=ranks,
        special_tokens={token: len(ranks) + i for i, token in enumerate(SPECIALS)},
    )
    folder = make_qwen1(tmp_path_factory.mktemp("tiktoken"))
    return original, build(folder / "qwen.tiktoken")


def _original(encoding: tiktoken.Encoding, text: str) -> list[int]:
    """As Qwen's tokenizer reads text: NFC first, special tokens allowed anywhere."""
    return encoding.encode(unicodedata.normalize("NFC", text), allowed_special="all")


@pytest.mark.parametrize("text", [*CORPUS, *CHECKED_TEXTS, "", " ", "e\u0301", "\u1100\u1161"])
def test_same_tokens_on_many_scripts(pair: tuple[Any, Any], text: str) -> None:
    original, fast = pair
    ids = fast.encode(text).ids
    assert ids == _original(original, text)
    assert fast.decode(ids) == unicodedata.normalize("NFC", text)


@settings(max_examples=2000, deadline=None)
@given(text=st.text(max_size=40))
def test_same_tokens_on_any_text(pair: tuple[Any, Any], text: str) -> None:
    original, fast = pair
    assert fast.encode(text).ids == _original(original, text)


_FRAGMENTS = [piece for text in CORPUS for piece in text.split(" ")] + [
    " ", "  ", "\n", "\r\n", "\t", "'s", "'LL", "3.14", "<|im_start|>", "<|im_end|>\n",
    "<|endoftext|>", "<|extra_0|>", "<|extra_204|>", "<|im_", "|>", "  \n  ", "...", "é", "е", "她",
]  # fmt: skip


@settings(max_examples=1000, deadline=None)
@given(parts=st.lists(st.sampled_from(_FRAGMENTS), max_size=20))
def test_same_tokens_on_mixtures(pair: tuple[Any, Any], parts: list[str]) -> None:
    original, fast = pair
    text = "".join(parts)
    assert fast.encode(text).ids == _original(original, text)


def test_special_ids_follow_the_ranks(pair: tuple[Any, Any]) -> None:
    _, fast = pair
    first = len(tiktoken_ranks())
    assert [fast.token_to_id(t) for t in SPECIALS] == list(range(first, first + 208))
    assert SPECIALS[:3] == ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


def test_byte_symbols_are_those_of_bytelevel() -> None:
    from tokenizers.pre_tokenizers import ByteLevel

    symbols = byte_symbols()
    assert sorted(symbols.values()) == sorted(ByteLevel.alphabet())
    assert (symbols[ord("A")], symbols[ord(" ")], symbols[ord("\n")]) == ("A", "Ġ", "Ċ")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda lines: [*lines, b"not base64! 3"], "no tiktoken file"),
        (lambda lines: [*lines, b"QUFB"], "no tiktoken file"),
        (lambda lines: lines[:-5] + lines[-4:], "gaps in its ranks"),
        (lambda lines: [b"QUFBQUE= %d" % i if i == 7 else x for i, x in enumerate(lines)],
         "lacks some single bytes"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_refused(tmp_path: Path, change: Any, says: str) -> None:
    lines = [base64.b64encode(t) + b" %d" % r for t, r in tiktoken_ranks().items()]
    path = tmp_path / "qwen.tiktoken"
    path.write_bytes(b"\n".join(change(lines)))
    with pytest.raises(EnvironmentProblem, match=says):
        read_ranks(path)
