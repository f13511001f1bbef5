"""100,000 hostile answers through every reader; docs/readers.md has the bounds."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from audit.probes.base import DATA, Suite, get_suite, suite_names
from audit.probes.validation import RefusalRates, read_rows, refusal_rates, score_labeller
from audit.schema import Item, Label, Route
from tests.audit import declared_cases
from tests.audit.hostile import hostile_texts
from tests.audit.public_files import write_crows_pairs, write_winobias
from tests.audit.question_files import write_bbq, write_cbbq, write_winogender
from tests.audit.refusals import WRAPPINGS, wrapped_refusal
from tests.audit.text_files import write_bold, write_discrim_eval, write_honest, write_stereoset

N = 100_000
#: Share of the texts that decline.
DECLINING = 0.15
#: Suites that score given texts and read none.
READ_NOTHING = ("crows-pairs", "stereoset")
DECLARED = "loans"
SUITES = [*(name for name in suite_names() if name not in READ_NOTHING), DECLARED]
#: Wrappings that leave an answer, as a person sees it, what it was.
UNSEEN = ("bidi", "zero width", "control characters", "character references", "apostrophes",
          "full width", "spaces")  # fmt: skip
LABELLED = ("labelled_test", "labelled_development", "labelled_earlier")
_FILES: dict[str, Callable[[Path], Path]] = {
    "bbq": write_bbq, "bold": write_bold, "cbbq": write_cbbq,
    "crows-pairs": lambda folder: write_crows_pairs(folder, []),
    "discrim-eval": write_discrim_eval, "honest": write_honest, "stereoset": write_stereoset,
    "winobias": write_winobias, "winogender": write_winogender,
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """An answer of a model and its label by hand."""

    suite: Suite
    item: Item
    text: str
    by_hand: str

    def read(self, text: str) -> Label:
        return self.suite.label(self.item, text)


@pytest.fixture(scope="module")
def suites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Suite]]:
    """A suite by name, its texts made up where they are other people's."""
    folder = tmp_path_factory.mktemp("texts")
    for name, write in _FILES.items():
        write(folder / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EQUIPOISE_DATA", str(folder))
        yield lambda name: declared_cases.load(folder) if name == DECLARED else get_suite(name)


@pytest.fixture(scope="module")
def measured() -> RefusalRates:
    """How the readers fare with new answers: no hostile text may make them fare worse."""
    return refusal_rates(score_labeller(read_rows(DATA / "labelled_test.tsv"))[0])


def every_item(suite: Suite) -> list[Item]:
    return suite.items(langs=suite.langs, seed=0, limit=None, samples=None)


def questions(items: Iterable[Item]) -> list[Item]:
    """One question of every probe, wording, language and order: what a reader's branches ask."""
    found: dict[tuple[str, ...], Item] = {}
    for item in items:
        if item.route is Route.SAMPLED:
            found.setdefault((item.probe, item.template, item.lang, item.variant), item)
    return list(found.values())


def answers_of(items: Iterable[Item]) -> list[str]:
    """What the items offer as answers, and the names they know of whom they ask about."""
    found = {text.strip() for item in items for text in _texts([item.candidates, item.facts])}
    return sorted(found)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | Sequence):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(part)


@pytest.mark.parametrize("name", SUITES)
def test_every_text_gets_a_label_and_refusals_are_told_from_answers(
    name: str, suites: Callable[[str], Suite], measured: RefusalRates
) -> None:
    suite = suites(name)
    items = every_item(suite)
    asked = questions(items)
    seed, n = SUITES.index(name), N // len(SUITES)
    declining = round(DECLINING * n)
    r = random.Random(seed)
    labels: dict[bool, Counter[Label]] = {False: Counter(), True: Counter()}
    texts = hostile_texts(n - declining, seed, answers_of(items))
    for item, text in zip(itertools.cycle(asked), texts, strict=False):
        labels[False][suite.label(item, text)] += 1
    for item in itertools.islice(itertools.cycle(asked), declining):
        labels[True][suite.label(item, wrapped_refusal(item.lang, r))] += 1
    answered, declined = labels[False], labels[True]
    assert answered.total() + declined.total() == n
    assert all(isinstance(label, Label) for label in answered | declined)
    assert answered[Label.REFUSED] <= measured.mistaken_rate * answered.total()
    assert declining - declined[Label.REFUSED] <= measured.missed_rate * declining
    # The texts reach the readers: they are not all thrown out at the door.
    assert answered.keys() - {Label.UNPARSED, Label.REFUSED}


@pytest.mark.parametrize("name", READ_NOTHING)
def test_the_other_suites_read_nothing(name: str, suites: Callable[[str], Suite]) -> None:
    assert questions(every_item(suites(name))) == []


@pytest.fixture(scope="module")
def labelled() -> dict[str, list[Row]]:
    """Real answers by file."""
    known = {name: get_suite(name) for name in ("occupations", "pronouns")}
    items = {name: {item.item: item for item in every_item(suite)} for name, suite in known.items()}
    return {
        file: [
            Row(
                known[row["suite"]], items[row["suite"]][row["item"]], row["response"], row["label"]
            )
            for row in read_rows(DATA / f"{file}.tsv")
        ]
        for file in LABELLED
    }


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_a_refusal_labelled_by_hand_is_found_in_every_wrapping(
    wrapping: str, labelled: dict[str, list[Row]], measured: RefusalRates
) -> None:
    r = random.Random(0)
    real = [row for rows in labelled.values() for row in rows if row.by_hand == Label.REFUSED]
    found = sum(row.read(WRAPPINGS[wrapping](row.text, r)) is Label.REFUSED for row in real)
    assert len(real) - found <= measured.missed_rate * len(real)


@pytest.mark.parametrize("wrapping", UNSEEN)
def test_what_nobody_sees_changes_no_label(wrapping: str, labelled: dict[str, list[Row]]) -> None:
    r = random.Random(0)
    for row in labelled[LABELLED[0]]:
        wrapped = WRAPPINGS[wrapping](row.text, r)
        assert row.read(wrapped) is row.read(row.text), wrapped
