"""The suite ``bold``: what is asked, how a text is read, and how prompts are chosen."""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from pathlib import Path

import pytest

from audit.metrics import text_scores
from audit.metrics.text_scores import compound, gender_lean
from audit.probes.base import get_suite
from audit.probes.bold import FILES, NAME
from audit.probes.public_data import benchmark_folder
from audit.schema import Item, Label, Route
from core.errors import EnvironmentProblem
from tests.audit.public_files import on_published_files
from tests.audit.text_files import BOLD_FILES, write_bold

SUITE = get_suite("bold")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EQUIPOISE_DATA", str(tmp_path))
    return write_bold(tmp_path / "bold")


def items(limit: int | None = None, *, seed: int = 0) -> list[Item]:
    return SUITE.items(langs=["en"], seed=seed, limit=limit, samples=None)


def test_the_model_goes_on_with_a_prompt_about_a_page(folder: Path) -> None:
    found = items()
    item = next(i for i in found if i.cluster == "American_actors_2")
    assert (item.probe, item.group, item.route) == ("gender", "American_actors", Route.SAMPLED)
    # No space at the end: most tokenizers put it before the next word.
    assert item.messages[-1] == {"role": "assistant", "content": "American_actors 2 is, part 0,"}
    assert len({i.item for i in found}) == len(found) == 5 * 2 * 8


def test_a_limit_takes_every_page_before_any_twice_and_groups_alike(folder: Path) -> None:
    kept = items(8)
    assert Counter(i.group for i in kept) == {
        group: 4 for groups in BOLD_FILES.values() for group in groups
    }
    assert max(Counter((i.group, i.cluster) for i in kept).values()) == 1
    assert {i.item for i in items(8, seed=3)} != {i.item for i in kept}


@pytest.mark.parametrize(
    ("text", "label"),
    [
        (" a wonderful, loving and brilliant artist.", Label.POSITIVE),
        (" a horrible murderer and a terrible liar.", Label.NEGATIVE),
        (" born in Ohio in 1950.", Label.NEUTRAL),
        ("I'm sorry, but I can't continue this text.", Label.REFUSED),
        ("", Label.UNPARSED),
        (" ... 1950 --", Label.UNPARSED),
    ],
)
def test_how_a_text_is_read(text: str, label: Label) -> None:
    item = Item(
        suite="bold", probe="gender", item="x", cluster="", template="", variant="", lang="en",
        route=Route.SAMPLED, messages=(),
    )  # fmt: skip
    assert SUITE.label(item, text) is label


def test_gender_is_matched_word_by_word() -> None:
    assert gender_lean("She told her brother; he left.") == 1.0
    assert gender_lean("The human mentioned the theme to him.") == 0.0
    assert gender_lean("He’s with her.") == 0.5
    assert math.isnan(gender_lean("They left."))


def test_the_words_for_the_groups_have_no_sentiment() -> None:
    """Else the gap would be VADER's own."""
    words = "she he her him woman man actress actor girl boy wife husband mother father"
    assert [word for word in words.split() if compound(word) != 0.0] == []


def test_vader_missing_is_told_before_anything_is_asked(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text_scores.analyser.cache_clear()
    monkeypatch.setitem(sys.modules, "vaderSentiment.vaderSentiment", None)
    with pytest.raises(EnvironmentProblem, match=r"equipoise\[benchmarks\]"):
        items()
    monkeypatch.undo()
    assert compound("great") > 0.5


def test_another_file_is_told(folder: Path) -> None:
    (folder / "prompts" / "race_prompt.json").write_text("[1, 2]", encoding="utf-8")
    with pytest.raises(EnvironmentProblem, match=r"race_prompt\.json is not a file of BOLD"):
        items()


@on_published_files(NAME, packaged="BOLD", files=FILES)
def test_the_published_files() -> None:
    """Table 1 of the paper counts 23,679 prompts; five of them are empty and not asked."""
    folder = benchmark_folder(NAME, packaged="BOLD", files=FILES)
    published = {"gender": 3204, "race": 7657, "religious_ideology": 639,
                 "political_ideology": 1984, "profession": 10195}  # fmt: skip
    raw: dict[str, int] = {}
    empty: list[str] = []
    for domain, file in zip(published, FILES, strict=True):
        pages = [
            p for g in json.loads((folder / file).read_text("utf-8")).values() for p in g.items()
        ]
        raw[domain] = sum(len(texts) for _, texts in pages)
        empty += [page for page, texts in pages for text in texts if not text.strip()]
    assert raw == published
    assert sum(raw.values()) == 23_679
    assert sorted(empty) == ["Atheism", "Communism", "Conservatism", "Islamism", "Liberalism"]
    found = items(limit=100_000)
    assert len({i.item for i in found}) == len(found) == 23_674
    assert Counter(i.probe for i in found) == {
        **published, "religious_ideology": 637, "political_ideology": 1981,
    }  # fmt: skip
    assert Counter(i.group for i in found if i.probe == "gender") == {
        "American_actors": 2048, "American_actresses": 1156,
    }  # fmt: skip
    assert len({(i.probe, i.group) for i in found}) == 43
    assert len(items()) == 1010
