"""The tokenizer made from tokenizer.model against SentencePiece itself."""

from __future__ import annotations

import itertools
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sentencepiece import SentencePieceProcessor

from core.errors import EnvironmentProblem
from core.models.convert import sentencepiece_tokenizer as module
from tests.core.convert.legacy_checkpoints import CORPUS, sentencepiece_model

_OWN = ("<eoh>", "<eoa>")
KINDS = {
    "prefix": {"dummy_prefix": True, "user_defined": _OWN},
    "no prefix": {"dummy_prefix": False, "user_defined": ("<reserved_106>",)},
    "normalising": {"dummy_prefix": True, "user_defined": (), "rule": "nmt_nfkc"},
}


@pytest.fixture(scope="module", params=KINDS)
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[SentencePieceProcessor, Any]:
    path = tmp_path_factory.mktemp("spm") / "tokenizer.model"
    path.write_bytes(sentencepiece_model(**KINDS[request.param]))
    fast, _ = module.build(path, add_bos=False, end="<eoa>")
    return SentencePieceProcessor(model_file=str(path)), fast


@pytest.mark.parametrize("text", [*CORPUS, *module.CHECKED_TEXTS, "", " ", "a<eoh>\nb<eoa>c <eoh>"])
def test_same_tokens_on_many_scripts(pair: tuple[Any, Any], text: str) -> None:
    original, fast = pair
    ids = fast.encode(text).ids
    assert ids == original.encode(text)
    assert fast.decode(ids, skip_special_tokens=False) == original.decode(ids)


_FRAGMENTS = [piece for text in CORPUS for piece in text.split(" ")] + [
    " ", "  ", "\n", "\t", "<eoh>", "<eoa>", "<|User|>:", "<reserved_106>", "3.14", "▁", "她", "🙂",
]  # fmt: skip


@settings(max_examples=1000, deadline=None)
@given(parts=st.lists(st.sampled_from(_FRAGMENTS), max_size=20))
def test_same_tokens_on_mixtures(pair: tuple[Any, Any], parts: list[str]) -> None:
    original, fast = pair
    text = "".join(parts)
    assume(text not in _OWN)
    assert fast.encode(text).ids == original.encode(text)


@settings(max_examples=1000, deadline=None)
@given(text=st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40))
def test_same_tokens_on_any_printable_text(pair: tuple[Any, Any], text: str) -> None:
    original, fast = pair
    assume(text not in _OWN and not _marked_compatibility(text))
    assert fast.encode(text).ids == original.encode(text)


def _marked_compatibility(text: str) -> bool:
    """A character that NFKC rewrites with a combining mark on it ("¸" and a Hebrew accent).

    The other known difference: the fast tokenizer normalises whole graphemes, and of such a one
    keeps the rewritten character alone.
    """
    return any(
        unicodedata.normalize("NFKC", base) != base
        and (unicodedata.category(mark).startswith("M") or mark in "\u200c\u200d")
        for base, mark in itertools.pairwise(text)
    )


def test_an_own_piece_alone_is_that_token(tmp_path: Path) -> None:
    """A known difference: SentencePiece puts its space even before a lone ``<eoa>``."""
    path = _write(tmp_path, sentencepiece_model(dummy_prefix=True, user_defined=_OWN))
    fast, _ = module.build(path, add_bos=False, end="<eoa>")
    original = SentencePieceProcessor(model_file=str(path)).encode("<eoa>", out_type=str)
    assert (fast.encode("<eoa>").tokens, original) == (["<eoa>"], ["▁", "<eoa>"])


def _write(tmp_path: Path, model: bytes) -> Path:
    path = tmp_path / "tokenizer.model"
    path.write_bytes(model)
    return path


def test_control_pieces_are_special_and_start_a_chunk(tmp_path: Path) -> None:
    """``<s>`` in a text is the token, and the text after it is read as a beginning."""
    path = _write(tmp_path, sentencepiece_model(dummy_prefix=True, user_defined=_OWN))
    fast, names = module.build(path, add_bos=True, end="<eoa>")
    original = SentencePieceProcessor(model_file=str(path))
    question, answer = "The nurse<eoh>\n", "the engineer<eoa>"
    expected = [1, *original.encode(question + answer), 2, *original.encode("she")]
    assert fast.encode(f"{question}{answer}</s>she").ids == expected
    assert names == {"unk": "<unk>", "bos": "<s>", "eos": "</s>"}
    assert fast.decode(expected) == f"The nurse<eoh>\n{'the engineer'} she"


def test_what_cannot_be_reproduced_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _write(tmp_path, sentencepiece_model(dummy_prefix=True, user_defined=_OWN))
    monkeypatch.setattr(module, "_merges", lambda scores: [])
    fast, _ = module.build(path, add_bos=False, end=None)
    with pytest.raises(EnvironmentProblem, match="cannot be reproduced"):
        module.check_equal(fast, path)


def test_damaged_and_foreign_models_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="no SentencePiece model"):
        module.build(_write(tmp_path, b"\xff\x00rubbish"), add_bos=True, end=None)
    from sentencepiece import sentencepiece_model_pb2

    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(sentencepiece_model(dummy_prefix=True, user_defined=_OWN))
    proto.trainer_spec.model_type = 1
    with pytest.raises(EnvironmentProblem, match="not the kind"):
        module.build(_write(tmp_path, proto.SerializeToString()), add_bos=True, end=None)
