"""Suites declared in YAML: what they ask, how they are named and found again."""

from __future__ import annotations

import itertools
from collections import Counter
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from audit.probes import base
from audit.probes.base import Comparable, Suite, get_suite, suites_by_name
from audit.probes.declared import copy_in, keep_copies, load_suite
from audit.runner import RunOptions, default_folder
from audit.schema import Item, Label, Route
from core.errors import UsageProblem
from core.models.base import Sampling
from tests.audit.declared_cases import load, write


@pytest.fixture
def items(tmp_path: Path) -> list[Item]:
    return load(tmp_path).items(langs=["en", "zh"], seed=0, limit=None, samples=None)


def test_every_combination_is_asked_once(items: list[Item]) -> None:
    # 3 clusters × 2 levels × 2 incomes × 2 routes; orders: 2 (en ask), 1 (en open), 2 (zh ask)
    assert len(items) == 3 * 2 * 2 * 2 * (2 + 1 + 2)
    assert len({item.item for item in items}) == len(items)
    cells = Counter((i.lang, i.template, i.cluster, i.route) for i in items)
    assert set(cells.values()) == {8, 4}
    assert {i.group for i in items} == {"applicant:a", "applicant:b"}
    found = next(
        i for i in items
        if i.item == "contrast/en/sampled/ask/car/b/negative_first/income:high"
    )  # fmt: skip
    assert found.messages[0]["content"] == "reject or approve? Bea, high, a car"
    assert (found.sampling, found.samples) == (Sampling(max_tokens=8, temperature=0.5), 1)
    assert found.candidates == {}
    scored = next(i for i in items if i.route is Route.LIKELIHOOD and i.lang == "zh")
    assert scored.candidates == {"positive": ("批准",), "negative": ("驳回",), "neutral": ("待定",)}


def test_pairs_differ_in_the_contrast_alone(items: list[Item]) -> None:
    names = {"en": ("Ann", "Bea"), "zh": ("安", "贝")}
    sides: dict[tuple[str, ...], dict[str, str]] = {}
    for i in items:
        key = (i.lang, i.route, i.template, i.cluster, i.variant)
        sides.setdefault(key, {})[i.group] = i.messages[0]["content"]
    for (lang, *_), texts in sides.items():
        first, second = names[lang]
        assert texts["applicant:a"].replace(first, second) == texts["applicant:b"]


def test_as_many_names_as_clusters_stand_one_to_one(tmp_path: Path) -> None:
    def names(content: dict[str, Any]) -> None:
        content["langs"] = ["en"]
        content["templates"].pop("zh")
        for answer in content["answers"].values():
            for key, texts in answer.items():
                answer[key] = texts["en"]
        content["factors"] = {
            "applicant": {"a": ["A1", "A2", "A3"], "b": ["B1", "B2", "B3"]},
            "purpose": {"car": "car", "roof": "roof", "van": "van"},
            "income": {"low": "low", "high": "high"},
        }

    found = load(tmp_path, names).items(langs=["en"], seed=0, limit=None, samples=None)
    met = {(i.cluster, name) for i, name in itertools.product(found, ("A1", "A2", "A3", "B1", "B2"))
           if name in i.messages[0]["content"]}  # fmt: skip
    assert met == {("car", "A1"), ("roof", "A2"), ("van", "A3"), ("car", "B1"), ("roof", "B2")}


def test_a_limit_keeps_sets_whole(tmp_path: Path) -> None:
    suite = load(tmp_path)
    found = suite.items(langs=["en"], seed=3, limit=40, samples=5)
    whole = suite.items(langs=["en"], seed=3, limit=None, samples=5)
    sizes = Counter((i.cluster, i.template) for i in whole)
    kept = Counter((i.cluster, i.template) for i in found)
    assert 0 < len(found) <= 40
    assert all(sizes[key] == n for key, n in kept.items())
    assert {i.samples for i in found if i.route is Route.SAMPLED} == {5}
    only = suite.items(langs=["en"], seed=0, limit=None, samples=None, only=["van"])
    assert {i.cluster for i in only} == {"van"}
    for wrong in ({"langs": ["fr"]}, {"limit": 0}):
        asked: dict[str, Any] = {"langs": ["en"], "seed": 0, "limit": None, "samples": None}
        with pytest.raises(UsageProblem):
            suite.items(**(asked | wrong))


def test_an_answer_in_the_other_language_is_read(tmp_path: Path, items: list[Item]) -> None:
    suite = load(tmp_path)
    english = next(i for i in items if i.lang == "en")
    assert suite.label(english, "批准。") is Label.POSITIVE
    assert suite.label(english, "Reject") is Label.NEGATIVE
    assert suite.label(english, "…") is Label.UNPARSED


def test_it_is_named_by_its_path(tmp_path: Path) -> None:
    path = write(tmp_path)
    suite = get_suite(str(path))
    assert isinstance(suite, Suite)
    assert isinstance(suite, Comparable)
    assert (suite.name, suite.langs, dict(suite.title)) == (
        "loans", ("en", "zh"), {"en": "Loans", "zh": "贷款"},
    )  # fmt: skip
    assert [p.margin for p in suite.primary] == [0.05]
    assert default_folder(RunOptions("tiny", (str(path),))) == Path("runs/tiny-loans")
    twin = write(tmp_path, name="twin.yml")
    with pytest.raises(UsageProblem, match="Two of the suites are called loans"):
        suites_by_name([str(path), str(twin)])
    taken = write(tmp_path, lambda content: content.update(name="occupations"))
    with pytest.raises(UsageProblem, match=r"name is 'occupations', as an installed suite"):
        get_suite(str(taken))


def test_a_run_keeps_a_copy_that_is_found_by_name(tmp_path: Path) -> None:
    suite = get_suite(str(write(tmp_path)))
    run = tmp_path / "run"
    run.mkdir()
    with pytest.raises(UsageProblem, match="no suite named 'loans'"):
        get_suite("loans", run)
    keep_copies(run, [suite, get_suite("occupations")])
    assert [p.name for p in run.iterdir()] == ["suite-loans.yaml"]
    again = get_suite("loans", tmp_path / "elsewhere", run)
    assert again.version == suite.version
    assert get_suite("occupations", run).name == "occupations"
    assert copy_in(run, "../run/loans") is None


def test_a_package_offers_one_by_a_function(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path)

    class Entry:
        name, value = "loans", "my_package:loans"

        def load(self) -> Any:
            return lambda: load_suite(path)

    def found(group: str) -> list[EntryPoint | Entry]:
        return [Entry()] if group == base.ENTRY_POINT_GROUP else []

    monkeypatch.setattr(base, "entry_points", found)
    assert "loans" in base.suite_names()
    assert get_suite("loans").name == "loans"
