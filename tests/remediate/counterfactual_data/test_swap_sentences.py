"""Every hand-checked sentence, word for word."""

from __future__ import annotations

from collections import Counter

import pytest

from remediate.counterfactual_data.swap import gendered_words, swap_gender
from tests.remediate.counterfactual_data.swap_cases import Case, read_cases, rebuild

CASES = read_cases()
BY_RULE = [case for case in CASES if case.topic != "needs_model"]
BY_MODEL = [case for case in CASES if case.topic == "needs_model"]


def test_the_sentences_are_as_many_and_as_varied_as_promised() -> None:
    langs = Counter(case.lang for case in CASES)
    topics = Counter((case.lang, case.topic) for case in CASES)
    assert langs["en"] >= 130
    assert langs["zh"] >= 70
    assert topics["en", "her_his"] >= 80
    assert len(BY_MODEL) <= 10
    assert len({case.source for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", BY_RULE, ids=lambda case: case.source[:40])
def test_the_rule_gives_the_expected_counterfactual(case: Case) -> None:
    swap = swap_gender(case.source, case.lang)
    assert swap.text == case.expected
    assert swap.undo() == case.source
    assert rebuild(case.source, swap) == case.expected
    assert bool(swap.changes) == (case.source != case.expected)
    words = [(word.start, word.word) for word in gendered_words(case.source, case.lang)]
    assert words == [(change.start, change.before) for change in swap.changes]


@pytest.mark.parametrize("case", BY_MODEL, ids=lambda case: case.source)
def test_a_model_decides_where_the_rule_says_it_is_unsure(case: Case) -> None:
    asked: list[tuple[str, str, tuple[str, ...]]] = []

    def likelier(left: str, right: str, options: tuple[str, ...]) -> int:
        asked.append((left, right, options))
        fits = [index for index, form in enumerate(options) if left + form + right == case.expected]
        assert len(fits) == 1
        return fits[0]

    assert swap_gender(case.source, case.lang, disambiguate=likelier).text == case.expected
    assert len(asked) == 1
    assert set(asked[0][2]) == {"his", "him"}


def test_the_rule_alone_fails_some_of_the_sentences_kept_for_a_model() -> None:
    """Else they would not need one."""
    failed = [c for c in BY_MODEL if swap_gender(c.source, c.lang).text != c.expected]
    assert len(failed) >= len(BY_MODEL) // 2
