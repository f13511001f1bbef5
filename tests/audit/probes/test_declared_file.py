"""What a declared suite's file may say: every problem names its place in a sentence or two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from audit.probes.declared import load_suite
from core.errors import UsageProblem
from tests.audit.declared_cases import load, write


def _set(*path: str, value: Any) -> Any:
    def change(content: dict[str, Any]) -> None:
        node = content
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = value

    return change


def _drop(*path: str) -> Any:
    def change(content: dict[str, Any]) -> None:
        node = content
        for key in path[:-1]:
            node = node[key]
        del node[path[-1]]

    return change


ASK = ("templates", "en", "ask")
POSITIVE = ("answers", "positive")
SIDES = ("factors", "applicant")

PROBLEMS: dict[str, tuple[Any, str, str]] = {
    "format version": (_set("version", value=2), "is no suite", "version: 1"),
    "unknown key": (_set("factor", value={}), "unknown key 'factor'", "Did you mean factors?"),
    "unknown part": (_set("gap", "x", value=1), "loans.yaml: gap has the unknown key 'x'", "why"),
    "lacking key": (_drop("gap"), "loans.yaml lacks gap", "docs/write-a-probe.md"),
    "name": (_set("name", value="my loans"), "loans.yaml: name is 'my loans'", "without spaces"),
    "name is a number": (_set("name", value=3), "name must be text, not 3", "quotes"),
    "title without English": (_set("title", value={"zh": "贷款"}), "title lacks en", ""),
    "no language": (_set("langs", value=[]), "langs is an empty list", ""),
    "unknown language": (_set("langs", value=["fr"]), "langs has 'fr'", "en, zh"),
    "language twice": (_set("langs", value=["en", "en"]), "langs has 'en' twice", ""),
    "no factors": (_set("factors", value={}), "factors must be a mapping", "at least one"),
    "no levels": (_set(*SIDES, value={}), "factors.applicant must be a mapping", "at least one"),
    "factor named as a slot": (
        _set("factors", "first", value={"x": "y"}), "factors has the name 'first'", "Rename",
    ),
    "factor that is no slot": (
        _set("factors", "in-come", value={"x": "y"}), "factors has the name 'in-come'", "'_'",
    ),
    "level name": (_set(*SIDES, "a/b", value="x"), "factors.applicant has the name 'a/b'", ""),
    "level named yes": (_set(*SIDES, True, value="x"), "has the name True", "quotes"),
    "level text lacks a language": (
        _set(*SIDES, "a", value={"en": "Ann"}), "factors.applicant.a lacks the language zh", "",
    ),
    "level text of another language": (
        _set(*SIDES, "a", value={"en": "Ann", "zh": "安", "fr": "Anne"}),
        "factors.applicant.a has the language 'fr'", "langs says en, zh",
    ),
    "level text is a number": (
        _set(*SIDES, "a", "en", value=7), "factors.applicant.a.en must be text, not 7", "quotes",
    ),
    "level text is empty": (_set(*SIDES, "a", "en", value=" "), "applicant.a.en is empty", ""),
    "contrast unknown": (_set("contrast", value="name"), "contrast is 'name'", "applicant"),
    "contrast of three": (
        _set(*SIDES, "c", value={"en": "Cat", "zh": "凯"}), "which has 3 level(s)", "exactly two",
    ),
    "contrast is cluster": (
        _set("cluster", value="applicant"), "cluster is 'applicant', and so is contrast", "must be",
    ),
    "one cluster": (
        _set("factors", "purpose", value={"car": {"en": "a car", "zh": "车"}}),
        "cluster is 'purpose', which has one level", "eight or more",
    ),
    "cluster with several texts": (
        _set("factors", "purpose", "car", "en", value=["a car", "the car"]),
        "factors.purpose.car has several texts", "contrast",
    ),
    "clusters with one text": (
        _set("factors", "purpose", "car", "en", value="a roof"),
        "factors.purpose has the same text for car and roof", "a roof",
    ),
    "levels that are alike": (
        _set(*SIDES, "a", "en", value="Bea"), "factors.applicant compares 'Bea' with itself", "",
    ),
    "sides of different length": (
        _set(*SIDES, "a", "en", value=["Ann", "Amy"]),
        "factors.applicant has 2 texts for a and 1 for b (en)", "n-th",
    ),
    "fewer names than clusters": (
        _set(
            *SIDES, value={"a": {"en": ["A", "B"], "zh": "安"}, "b": {"en": ["C", "D"], "zh": "贝"}}
        ),
        "has 2 texts a level, but purpose has 3 levels", "Give one text, or 3",
    ),
    "level named as a cluster": (
        _set("factors", "income", "car", value={"en": "x", "zh": "x"}),
        "factors.income has the level 'car', as purpose has", "Rename",
    ),
    "templates without languages": (_set("templates", value="x"), "templates must be", "languages"),
    "no template": (_set("templates", "zh", value={}), "templates.zh must be", "at least one"),
    "language without templates": (_drop("templates", "zh"), "templates lacks the language zh", ""),
    "unknown slot": (
        _set(*ASK, value="{aplicant} {applicant} {purpose} {income}"),
        "templates.en.ask has the slot {aplicant}, which nothing fills", "{applicant}",
    ),
    "slot with a format": (
        _set(*ASK, value="{applicant:>9} {purpose} {income}"), "which nothing fills", "applicant",
    ),
    "slot without a name": (_set(*ASK, value="{} {purpose}"), "has the slot {}", "Known"),
    "factor without slot": (
        _set(*ASK, value="{applicant} {purpose}"), "ask has no slot {income}", "same question",
    ),
    "one option": (
        _set(*ASK, value="{first} {applicant} {purpose} {income}"), "has {first} alone", "neither",
    ),
    "open brace": (_set(*ASK, value="{applicant"), "ask has a brace", "twice"),
    "no negative answer": (_drop("answers", "negative"), "answers lacks negative", ""),
    "option of neutral": (
        _set("answers", "neutral", "option", value="x"),
        "answers.neutral has the unknown key 'option'", "candidates",
    ),
    "no option": (_drop(*POSITIVE, "option"), "answers.positive lacks option", "ask"),
    "no candidates": (
        _drop(*POSITIVE, "candidates"), "answers.positive lacks candidates", "likelihood",
    ),
    "no words": (_drop("answers", "neutral", "words"), "answers.neutral lacks words", "sampled"),
    "empty candidates": (
        _set(*POSITIVE, "candidates", "en", value=[]), "candidates.en is an empty list", "",
    ),
    "candidate twice": (
        _set(*POSITIVE, "candidates", "en", value=["Yes", "Yes"]), "has 'Yes' twice", "",
    ),
    "candidate begins another": (
        _set(*POSITIVE, "candidates", "en", value=["Approve", "Approve it"]),
        "answers has the candidate 'Approve' (positive), with which 'Approve it'", "twice",
    ),
    "candidate begins another label's": (
        _set(*POSITIVE, "candidates", "en", value=["Rej"]), "'Rej' (positive)", "(negative)",
    ),
    "candidate of two labels": (
        _set(*POSITIVE, "candidates", "en", value=["reject"]), "the candidate 'reject'", "twice",
    ),
    "word of two labels": (
        _set(*POSITIVE, "words", "en", value=["approve", "Reject"]),
        "has the word 'reject' for positive and negative", "",
    ),
    "option that its words do not read": (
        _set(*POSITIVE, "option", "en", value="grant"),
        "answers.positive would have the answer 'grant' read as unparsed (en)", "words",
    ),
    "candidate read as another label": (
        _set("answers", "neutral", "candidates", "en", value=["No idea"]),
        "answers.neutral would have the answer 'No idea' read as negative", "words",
    ),
    "word that YAML takes for true": (
        _set(*POSITIVE, "words", "en", value=[True]), "words.en must be text, not True", "quotes",
    ),
    "unknown route": (_set("routes", value=["likely"]), "routes has 'likely'", "likelihood"),
    "no route": (_set("routes", value=[]), "routes is an empty list", ""),
    "sampling": (_set("sampling", "top_k", value=1), "sampling has the unknown key", "top_p"),
    "temperature": (_set("sampling", "temperature", value=-1), "temperature is -1", "0 and 2"),
    "tokens": (_set("sampling", "max_tokens", value=1.5), "max_tokens must be a whole number", ""),
    "samples": (_set("samples", value=0), "samples is 0", "between 1"),
    "margin": (_set("gap", "margin", value=0), "gap.margin is 0", "between"),
    "margin is text": (_set("gap", "margin", value="5%"), "gap.margin must be a number", ""),
    "why": (_set("gap", "why", value=[]), "gap.why must be text, not a list", ""),
}  # fmt: skip


@pytest.mark.parametrize("case", PROBLEMS)
def test_every_problem_names_its_place(case: str, tmp_path: Path) -> None:
    change, what, advice = PROBLEMS[case]
    with pytest.raises(UsageProblem) as caught:
        load(tmp_path, change)
    told = str(caught.value)
    assert what in told
    assert advice in told
    assert told.startswith(str(tmp_path / "loans.yaml"))
    assert "\n" not in told
    assert len(told) < len(str(tmp_path)) + 250


def test_the_file_itself(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="There is no suite file"):
        load_suite(tmp_path / "none.yaml")
    path = tmp_path / "loans.yaml"
    for text, what in (
        ("version: 1\nname: [", "cannot be read as YAML"),
        ("version: 1\nname: a\nname: b\n", "line 3: 'name' stands there twice"),
        ("version: 1\n{a: 1}: b\n", "cannot be read as YAML"),
        ("version: 1\n[a]: b\n", "cannot be read as YAML"),
        ("- version: 1\n", "is no suite"),
        ("", "is no suite"),
    ):
        path.write_text(text)
        with pytest.raises(UsageProblem, match=what):
            load_suite(path)
    path.write_bytes(b"version: \xff\xfe")
    with pytest.raises(UsageProblem, match="cannot be read as YAML"):
        load_suite(path)


def test_only_what_a_route_needs_is_asked_for(tmp_path: Path) -> None:
    def sampled(content: dict[str, Any]) -> None:
        content["routes"] = ["sampled"]
        for answer in content["answers"].values():
            del answer["candidates"]

    suite = load(tmp_path, sampled)
    items = suite.items(langs=["en"], seed=0, limit=None, samples=None)
    assert {item.route.value for item in items} == {"sampled"}

    def likelihood(content: dict[str, Any]) -> None:
        content["routes"] = ["likelihood"]
        content["templates"] = {
            lang: {"open": "{applicant} {purpose} {income}"} for lang in content["langs"]
        }
        for answer in content["answers"].values():
            answer.pop("words")
            answer.pop("option", None)

    items = load(tmp_path, likelihood).items(langs=["zh"], seed=0, limit=None, samples=None)
    assert {(item.route.value, item.variant) for item in items} == {
        ("likelihood", "income:low"), ("likelihood", "income:high"),
    }  # fmt: skip


def test_the_version_follows_what_is_asked_and_read(tmp_path: Path) -> None:
    first = load(tmp_path).version
    path = write(tmp_path)
    path.write_text("# a comment\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert load_suite(path).version == first
    assert load(tmp_path, _set("gap", "margin", value=0.1)).version == first
    assert load(tmp_path, _set("title", value="Another")).version == first
    assert load(tmp_path, _set(*SIDES, "a", "en", value="Amy")).version != first
    assert load(tmp_path, _set(*POSITIVE, "words", "en", value=["approve"])).version != first
