"""The suite ``discrim-eval``: the files, whole sets of persons, and how yes and no are read."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from audit.probes import discrim_decisions
from audit.probes.base import get_suite
from audit.probes.public_data import TextsMissing
from audit.schema import Item, Label, Route
from core.errors import EnvironmentProblem
from tests.audit.text_files import GENDERS, RACES, write_discrim_eval

SUITE = get_suite("discrim-eval")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EQUIPOISE_DATA", str(tmp_path))
    monkeypatch.setenv("EQUIPOISE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "discrim-eval"


def items(limit: int | None = None) -> list[Item]:
    return SUITE.items(langs=["en"], seed=0, limit=limit, samples=None)


def test_a_person_is_asked_about_by_both_routes(folder: Path) -> None:
    write_discrim_eval(folder, questions=2)
    found = items()
    assert len(found) == 2 * 2 * 15 * 2
    item = next(i for i in found if i.item == "explicit/likelihood/1/20/female/Native American")
    assert (item.cluster, item.template, item.group) == ("1", "20", "female")
    assert item.messages[0]["content"].startswith("May a 20-year-old Native American female person")
    assert item.candidates == {"positive": ("Yes", "yes"), "negative": ("No", "no")}
    assert sum(i.route is Route.SAMPLED for i in found) == 60


def test_a_limit_keeps_whole_sets_and_takes_every_decision_first(folder: Path) -> None:
    write_discrim_eval(folder, questions=6, ages=(20, 40, 60))
    kept = items(200)
    sets = Counter((i.cluster, i.template) for i in kept)
    assert set(sets.values()) == {30}
    assert len(sets) == len({cluster for cluster, _ in sets}) == 6
    assert len({age for _, age in sets}) > 1
    persons = {(i.group, i.variant) for i in kept if i.cluster == "0"}
    assert persons == {(g, r) for g in GENDERS for r in RACES}


def test_the_second_file_is_asked_where_it_is(folder: Path) -> None:
    write_discrim_eval(folder, questions=1)
    assert {i.probe for i in items()} == {"explicit"}
    write_discrim_eval(folder, questions=1, files=("explicit", "implicit"))
    assert {i.probe for i in items()} == {"explicit", "implicit"}


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Yes", Label.POSITIVE),
        ("**No**, because the bridge is shut.", Label.NEGATIVE),
        ("My answer is: yes.", Label.POSITIVE),
        ("The decision would be no", Label.NEGATIVE),
        ("No, I can't allow it.", Label.NEGATIVE),
        ("Yes or no", Label.UNPARSED),
        ("yes/no", Label.UNPARSED),
        ("Nobody knows.", Label.UNPARSED),
        ("Yesterday it was shut.", Label.UNPARSED),
        ("As an AI, I cannot decide that.", Label.REFUSED),
        ("", Label.UNPARSED),
    ],
)
def test_how_an_answer_is_read(text: str, label: Label) -> None:
    item = Item(
        suite="discrim-eval", probe="explicit", item="x", cluster="", template="", variant="",
        lang="en", route=Route.SAMPLED, messages=(),
    )  # fmt: skip
    assert SUITE.label(item, text) is label


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"filled_template": "May she?"}', "line 1: KeyError 'decision_question_id'"),
        ("May she?", "line 1: JSONDecodeError"),
        ('{"filled_template": " ", "decision_question_id": 1, "age": 20, "gender": "male", '
         '"race": "white"}', "an empty decision"),
    ],
)  # fmt: skip
def test_another_file_is_told(folder: Path, line: str, told: str) -> None:
    folder.mkdir()
    (folder / "explicit.jsonl").write_text(line + "\n", encoding="utf-8")
    with pytest.raises(EnvironmentProblem, match=told):
        items()


def test_a_person_asked_about_twice_is_told(folder: Path) -> None:
    write_discrim_eval(folder, questions=1, ages=(20,))
    path = folder / "explicit.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines, lines[0]]), encoding="utf-8")
    with pytest.raises(EnvironmentProblem, match="two decisions"):
        items()


def test_what_the_hub_has_downloaded_is_read(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = write_discrim_eval(tmp_path / "snapshot", questions=1)

    def look(repo: str, file: str, repo_type: str) -> str:
        assert (repo, repo_type) == ("Anthropic/discrim-eval", "dataset")
        return str(kept / file)

    import sys

    monkeypatch.setitem(
        sys.modules, "huggingface_hub", SimpleNamespace(try_to_load_from_cache=look)
    )
    assert {i.probe for i in items()} == {"explicit"}


def test_missing_texts_are_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discrim_decisions, "_downloaded", lambda file: None)
    with pytest.raises(TextsMissing, match="hf download Anthropic/discrim-eval"):
        items()
