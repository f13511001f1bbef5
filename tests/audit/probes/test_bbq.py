"""The suite ``bbq``: whose answer is the biased one, what is left out, and what is asked."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from audit.probes import bbq_data
from audit.probes.base import get_suite
from audit.probes.bbq_data import CATEGORIES, FILES, METADATA, NAME, questions
from audit.probes.public_data import benchmark_folder
from audit.probes.question_sets import ALIGNED, AMBIGUOUS, CONFLICTING, NEGATIVE, orders
from audit.schema import Item, Label, Route
from core.errors import EnvironmentProblem, UsageProblem
from tests.audit.public_files import on_published_files
from tests.audit.question_files import META, bbq_set, write_bbq, write_metadata

SUITE = get_suite("bbq")


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EQUIPOISE_DATA", str(tmp_path))
    return write_bbq(tmp_path / "bbq", questions=3, couples=2)


def items(limit: int | None = None, seed: int = 0) -> list[Item]:
    return SUITE.items(langs=["en"], seed=seed, limit=limit, samples=None)


def test_the_biased_answer_follows_the_polarity(made: Path) -> None:
    """The stereotyped elder where the question is negative, the cadet where it is not."""
    for question in questions("Age"):
        elder = question.answers[Label.STEREOTYPED].startswith("The elder")
        assert elder == (question.polarity == NEGATIVE)
        assert question.answers[Label.NEUTRAL] == "Not known"
        assert len(set(question.answers.values())) == 3


def test_a_couple_has_as_many_right_answers_with_as_against_the_stereotype(made: Path) -> None:
    found = questions("Religion")
    assert len(found) == 3 * 2 * 8
    for couple in {q.couple for q in found}:
        own = [q for q in found if q.couple == couple]
        assert Counter(q.side for q in own) == {AMBIGUOUS: 4, ALIGNED: 2, CONFLICTING: 2}
        assert len({q.cluster for q in own}) == 1
        assert len({q.answers[Label.NEUTRAL] for q in own}) == 1


def test_every_answer_stands_at_every_place_once(made: Path) -> None:
    found = list(chain.from_iterable(questions(category) for category in CATEGORIES))
    directions = set()
    for question in found:
        offered = orders(question)
        assert {variant.removesuffix("_first") for variant in offered} == {
            order[0].value for order in offered.values()
        }
        assert all(len(set(place)) == 3 for place in zip(*offered.values(), strict=True))
        directions.add(offered["neutral_first"])
    assert len(directions) == 2  # both ways round are used


def test_the_question_names_the_answers_by_letter(made: Path) -> None:
    one = next(i for i in items() if i.variant == "neutral_first" and i.route is Route.LIKELIHOOD)
    text = one.messages[0]["content"]
    assert "\nA. Not known\nB. The " in text
    assert text.endswith("Answer with the letter alone.")
    letters = {label: texts[0] for label, texts in one.candidates.items()}
    assert letters["neutral"] == "A"
    assert set(letters.values()) == {"A", "B", "C"}
    place = {label: "ABC".index(letter) for label, letter in letters.items()}
    for label, (letter, said) in one.candidates.items():
        assert one.facts["texts"][place[label]] == said
        sampled = next(i for i in items() if i.item == one.item.replace("likelihood", "sampled"))
        assert SUITE.label(sampled, letter) == label
        assert SUITE.label(sampled, said) == label


def test_both_routes_ask_every_question_in_three_orders(made: Path) -> None:
    found = items()
    assert len({i.item for i in found}) == len(found) == 11 * 3 * 1 * 8 * 3 * 2
    seen = Counter(i.item.rsplit("/", 1)[0] for i in found)
    assert set(seen.values()) == {3}
    assert Counter(i.group for i in found)[ALIGNED] == Counter(i.group for i in found)[CONFLICTING]


def test_a_limit_takes_whole_couples_of_every_question_in_turn(made: Path) -> None:
    few = items(limit=100)  # two couples of 48
    assert set(Counter(i.probe for i in few).values()) == {96}
    assert all(len({i.cluster for i in few if i.probe == c}) == 2 for c in CATEGORIES)
    assert few == items(limit=100)
    assert {i.item for i in few} != {i.item for i in items(limit=100, seed=5)}
    # One couple at least, and with room for all of them, all.
    assert set(Counter(i.probe for i in items(limit=1)).values()) == {48}
    assert set(Counter(i.probe for i in items(limit=10_000)).values()) == {3 * 2 * 48}
    only = SUITE.items(langs=["en"], seed=0, limit=None, samples=None, only=["Age-2"])
    assert {i.cluster for i in only} == {"Age-2"}
    with pytest.raises(UsageProblem, match="speaks: en"):
        SUITE.items(langs=["zh"], seed=0, limit=None, samples=None)


def test_clusters_are_the_questions(made: Path) -> None:
    assert {c["cluster"] for c in SUITE.clusters()} == {i.cluster for i in items()}
    assert len(SUITE.clusters()) == 33


def test_an_african_taken_for_an_african_american_is_left_out(tmp_path: Path) -> None:
    """Two couples, all of Africans; the metadata of one set name other groups than its people's."""
    lines, rows = [], []
    for number in range(4):
        made, more = bbq_set(
            "Race_x_SES", 1, len(lines), aligned=number % 2 == 0,
            people=(f"The clerk {number // 2}", f"The cook {number // 2}"),
        )  # fmt: skip
        lines += made
        rows += more
    for line in lines:
        line["answer_info"] = {
            place: [text, "unknown" if text == "Not known" else "lowSES-African"]
            for place, (text, _) in line["answer_info"].items()
        }
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (tmp_path / "Race_x_SES.jsonl").write_text(text, encoding="utf-8")
    races = META.index("Known_stereotyped_race")
    for named, kept in (("African", 16), ("Black, African American", 8), ("Black, African", 16)):
        for row in rows:
            row[races] = named if row in rows[4:8] else "African"
        write_metadata(tmp_path, rows)
        bbq_data._places.cache_clear()
        assert len(bbq_data._read.__wrapped__(tmp_path, "Race_x_SES")) == kept


def test_a_set_without_a_place_loses_its_counterpart_too(tmp_path: Path) -> None:
    folder = write_bbq(tmp_path / "bbq", questions=1, couples=2)
    path = folder / METADATA
    rows = list(csv.reader(path.open(encoding="utf-8", newline="")))
    assert rows[0] == list(META)
    for row in rows[1:]:
        if row[0] == "Age" and int(row[2]) < 4:
            row[META.index("target_loc")] = "NA"
    write_metadata(folder, rows[1:])
    bbq_data._places.cache_clear()
    found = bbq_data._read.__wrapped__(folder, "Age")
    assert Counter(q.side for q in found) == {AMBIGUOUS: 4, ALIGNED: 2, CONFLICTING: 2}


def test_files_that_are_not_bbq_are_told(made: Path) -> None:
    path = made / "Age.jsonl"
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole.split("\n", 1)[1], encoding="utf-8")
    with pytest.raises(EnvironmentProblem, match=r"damaged .*example 1 and the next three"):
        bbq_data._read.__wrapped__(made, "Age")
    path.write_text("{not json\n", encoding="utf-8")
    with pytest.raises(EnvironmentProblem, match="not a file of BBQ"):
        bbq_data._read.__wrapped__(made, "Age")
    (made / METADATA).write_text("category,example_id\nAge,0\n", encoding="utf-8")
    with pytest.raises(EnvironmentProblem, match="no column 'target_loc'"):
        bbq_data._places.__wrapped__(made / METADATA)


def _stereotyped(line: dict[str, object]) -> Iterator[str]:
    """The answers whose person belongs to a stereotyped group, by the lines' own words."""
    groups = [g.lower() for g in line["additional_metadata"]["stereotyped_groups"]]  # type: ignore[index]
    for place, (text, group) in line["answer_info"].items():  # type: ignore[attr-defined]
        name = text if line["category"] == "Nationality" else group
        if name.lower() in groups:
            yield str(line[place]).strip()


@on_published_files(NAME, packaged="BBQ", files=FILES)
def test_the_published_files() -> None:
    """58,492 lines in eleven categories; 57,944 are asked, in couples, from 337 questions.

    Where a line itself names the stereotyped group, the biased answer is that person's in negative
    questions and the other's in the rest: ``target_loc`` has the polarity in it already.
    """
    folder = benchmark_folder(NAME, packaged="BBQ", files=FILES)
    asked = {category: questions(category) for category in CATEGORIES}
    assert sum(map(len, asked.values())) == 57_944
    assert len({q.cluster for found in asked.values() for q in found}) == 337
    for category in ("Age", "Nationality", "Religion", "Sexual_orientation"):
        lines = [json.loads(t) for t in (folder / f"{category}.jsonl").open(encoding="utf-8")]
        by_id = {str(line["example_id"]): line for line in lines}
        for question in asked[category]:
            line = by_id[question.id]
            (person,) = set(_stereotyped(line))
            assert (question.answers[Label.STEREOTYPED] == person) == (
                line["question_polarity"] == "neg"
            )
            right = line[f"ans{line['label']}"].strip()
            label = {
                AMBIGUOUS: Label.NEUTRAL,
                ALIGNED: Label.STEREOTYPED,
                CONFLICTING: Label.ANTI_STEREOTYPED,
            }[question.side]
            assert question.answers[label] == right
    assert len(items()) == 337 * 48
    assert set(Counter(i.probe for i in items(limit=400)).values()) == {384}
