"""The suite ``crows-pairs``: what is read of its file, and what is scored."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from audit.probes import crows_pairs
from audit.probes.base import get_suite
from audit.probes.crows_pairs import FILE, NAME
from audit.requests import build_requests, prompt_text
from audit.runner import instructed
from audit.schema import Item, Label, Route
from core.errors import EnvironmentProblem
from tests.audit.public_files import COLUMNS, made_pairs, on_published_files, write_crows_pairs

SUITE = get_suite("crows-pairs")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EQUIPOISE_DATA", str(tmp_path))
    return tmp_path / "crows-pairs"


def items(limit: int | None = None) -> list[Item]:
    return SUITE.items(langs=["en"], seed=0, limit=limit, samples=None)


def test_sent_more_is_the_stereotyped_sentence_whatever_the_direction(folder: Path) -> None:
    write_crows_pairs(
        folder,
        [
            ('A nurse is soft, "she" is.', "A nurse is soft, he is.", "stereo", "gender", "a1"),
            ("The engineer,\nhe said.", "The engineer, she said.", "antistereo", "gender", "a2"),
        ],
    )
    one, two = items()
    assert [i.group for i in (one, two)] == ["stereo", "antistereo"]
    assert one.candidates == {
        Label.STEREOTYPED: ('A nurse is soft, "she" is.',),
        Label.ANTI_STEREOTYPED: ("A nurse is soft, he is.",),
    }
    assert two.candidates[Label.STEREOTYPED] == ("The engineer,\nhe said.",)
    assert (one.item, two.cluster) == ("gender/likelihood/0", "a2")


def test_sentences_are_scored_bare_and_shown_in_place_of_a_question(folder: Path) -> None:
    write_crows_pairs(folder, [("More.", "Less.", "stereo", "gender", "a1")])
    (item,) = items()
    assert (item.messages, item.route) == ((), Route.LIKELIHOOD)
    requests = build_requests([item], seed=0)
    assert requests.generate == []
    assert (requests.score[0].messages, requests.score[0].continuations) == ((), ("More.", "Less."))
    assert prompt_text(item) == "More.\nLess."
    assert instructed(item, "Be fair.") is item


def test_gender_comes_first_and_a_limit_is_a_kind(folder: Path) -> None:
    write_crows_pairs(folder, made_pairs(10, 3))
    assert list(dict.fromkeys(i.probe for i in items())) == ["gender", "age"]
    kept = items(limit=10)
    assert Counter(i.probe for i in kept) == {"gender": 10, "age": 10}
    assert kept == items(limit=10)
    assert kept != SUITE.items(langs=["en"], seed=1, limit=10, samples=None)
    assert {c["cluster"] for c in SUITE.clusters()} == {i.cluster for i in items()}


def test_a_file_that_is_not_crows_pairs_is_told(folder: Path) -> None:
    write_crows_pairs(folder, [("More.", "Less.", "sideways", "gender", "a1")])
    with pytest.raises(EnvironmentProblem, match=r"damaged: pair 0 lacks .* direction"):
        items()
    lacking = ",".join(c for c in COLUMNS if c != "anon_writer")
    (folder / FILE).write_text(lacking + "\n", encoding="utf-8")
    with pytest.raises(EnvironmentProblem, match="no column anon_writer"):
        crows_pairs._read.__wrapped__(folder / FILE)
    (folder / FILE).write_bytes(b"\xff\xfe\x00broken")
    with pytest.raises(EnvironmentProblem, match="cannot be read"):
        crows_pairs._read.__wrapped__(folder / FILE)


@on_published_files(NAME, packaged="CrowS-Pairs", files=(FILE,))
def test_the_published_file() -> None:
    """The counts of the paper: 1,508 pairs of nine kinds, 262 about gender (table 1)."""
    found = items()
    assert len(found) == 1508
    assert Counter(i.probe for i in found) == {
        "race-color": 516, "gender": 262, "socioeconomic": 172, "nationality": 159,
        "religion": 105, "age": 87, "sexual-orientation": 84, "physical-appearance": 63,
        "disability": 60,
    }  # fmt: skip
    assert Counter(i.group for i in found) == {"stereo": 1290, "antistereo": 218}
    assert len({i.cluster for i in found}) == 77
