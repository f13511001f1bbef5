"""Items → requests with stable keys and seeds; answers → labelled rows."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.probes.base import get_suite
from audit.requests import (
    answer_rows,
    build_requests,
    generation_payload,
    label_logprobs,
    prompt_text,
    request_key,
    request_seed,
    score_payload,
)
from audit.schema import RESPONSE_COLUMNS, Item, Route
from core.models.base import Generation, Score

SUITES = ("occupations", "pronouns")


def items_of(name: str, *, seed: int = 0, limit: int | None = None) -> list[Item]:
    suite = get_suite(name)
    return suite.items(langs=suite.langs, seed=seed, limit=limit, samples=None)


def choice(candidates: dict[str, tuple[str, ...]], route: Route = Route.LIKELIHOOD) -> Item:
    return Item(
        suite="occupations", probe="choice", item="i", cluster="nurse", template="t", variant="",
        lang="en", route=route, messages=({"role": "user", "content": "Who?"},),
        candidates=candidates, samples=2 if route is Route.SAMPLED else 1,
    )  # fmt: skip


TWO = {"woman": (" a", " b"), "man": (" c",)}


def test_keys_are_unique_over_all_suites() -> None:
    requests = build_requests([i for name in SUITES for i in items_of(name)], 0)
    keys = [r.key for r in (*requests.score, *requests.generate)]
    assert len(requests) == len(keys) == len(set(keys)) > 1000
    assert requests.score
    assert requests.generate


@pytest.mark.parametrize("name", SUITES)
def test_keys_and_seeds_are_those_of_the_same_question_in_a_smaller_run(name: str) -> None:
    """A limited run asks some of the whole run's questions, by the same names."""
    whole = build_requests(items_of(name), 3)
    part = build_requests(items_of(name, limit=8), 3)
    assert 0 < len(part) < len(whole)
    by_key = {r.key: r for r in (*whole.score, *whole.generate)}
    for request in (*part.score, *part.generate):
        assert by_key[request.key] == request


def test_keys_do_not_depend_on_the_seed_but_draws_do() -> None:
    items = items_of("occupations", limit=8)
    one, other = build_requests(items, 1), build_requests(items, 2)
    assert [r.key for r in one.generate] == [r.key for r in other.generate]
    assert all(a.seed != b.seed for a, b in zip(one.generate, other.generate, strict=True))
    assert build_requests(items, 1) == one


def test_every_sample_has_a_draw_of_its_own() -> None:
    requests = build_requests([i for name in SUITES for i in items_of(name)], 0)
    seeds = [r.seed for r in requests.generate]
    # 31 bits and some thousands of draws: one collision is as likely as not to be seen at 50,000.
    assert len(set(seeds)) >= len(seeds) - 2


def test_seeds_are_what_they_were() -> None:
    """Pinned: a change would make every earlier run irreproducible without a word."""
    assert request_seed(0, "occupations:x#0") == 899024262


@given(st.integers(0, 2**40), st.text(max_size=30))
def test_seeds_fit_every_engine(seed: int, key: str) -> None:
    assert 0 <= request_seed(seed, key) < 2**31


def test_continuations_are_asked_in_the_order_they_are_read() -> None:
    (request,) = build_requests([choice(TWO)], 0).score
    assert request.continuations == (" a", " b", " c")


def test_probabilities_are_added_within_a_label() -> None:
    logs = label_logprobs(choice(TWO), [[math.log(0.2), math.log(0.5)], [math.log(0.3)], [-1.0]])
    assert logs["woman"] == pytest.approx(math.log(0.1 + 0.3))
    assert logs["man"] == -1.0


@given(st.lists(st.floats(-3000, 0), min_size=3, max_size=3))
def test_tiny_probabilities_do_not_vanish(values: list[float]) -> None:
    logs = label_logprobs(choice(TWO), [[v] for v in values])
    assert max(values[:2]) <= logs["woman"] + 1e-9 <= max(values[:2]) + math.log(2) + 2e-9
    assert logs["man"] == values[2]


def test_certainty_is_a_log_probability_like_any_other() -> None:
    logs = label_logprobs(choice({"woman": (" a",), "man": (" c",)}), [[0.0], [-0.0]])
    assert logs == {"woman": 0.0, "man": 0.0}


@pytest.mark.parametrize(
    "bad", [[float("nan")], [float("-inf")], [float("inf")], [float("inf"), float("-inf")]]
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_value_that_is_no_number_leaves_nothing(bad: list[float], place: int) -> None:
    values = [[-1.0], [-2.0], [-3.0]]
    values[place] = bad
    assert label_logprobs(choice(TWO), values) == {}


@pytest.mark.parametrize("bad", [float("nan"), float("-inf")])
def test_such_an_answer_counts_as_unparsed(bad: float) -> None:
    item = choice(TWO)
    payload = score_payload(Score(request_key(item), ((-1.0,), (bad,), (-2.0,))))
    rows = answer_rows(
        [item], {request_key(item): payload}, {"occupations": get_suite("occupations")}
    )
    assert [(r["label"], r["logprobs"]) for r in rows] == [("unparsed", "")]


def test_a_likelihood_row_names_the_likeliest_label() -> None:
    item = choice(TWO)
    payload = score_payload(Score(request_key(item), ((-9.0,), (-9.0,), (-2.0,))))
    (row,) = answer_rows(
        [item], {request_key(item): payload}, {"occupations": get_suite("occupations")}
    )
    assert tuple(row) == RESPONSE_COLUMNS
    assert (row["label"], row["route"], row["response"]) == ("man", "likelihood", "")
    assert json.loads(row["logprobs"]).keys() == {"woman", "man"}


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\u200b"])
def test_an_empty_answer_is_unparsed(text: str) -> None:
    suites = {name: get_suite(name) for name in SUITES}
    for name in SUITES:
        for item in items_of(name, limit=4):
            if item.route is Route.SAMPLED:
                answer = generation_payload(Generation(request_key(item), text, "stop", 1, 0))
                (row,) = answer_rows([item], {request_key(item): answer}, suites)
                assert row["label"] == "unparsed", (item.item, text)
                assert row["logprobs"] == ""


def test_unanswered_questions_are_left_out() -> None:
    item = choice({}, Route.SAMPLED)
    answer = generation_payload(Generation("k", "A woman.", "length", 1, 3))
    rows = answer_rows(
        [item], {request_key(item, 1): answer}, {"occupations": get_suite("occupations")}
    )
    assert [(r["sample"], r["response"], r["finish_reason"]) for r in rows] == [
        (1, "A woman.", "length")
    ]


def test_a_reader_sees_where_the_model_goes_on() -> None:
    item = choice(TWO)
    assert prompt_text(item) == "Who?"
    prefilled = Item(
        suite="s", probe="p", item="i", cluster="c", template="t", variant="", lang="en",
        route=Route.LIKELIHOOD,
        messages=({"role": "user", "content": "Who?"}, {"role": "assistant", "content": "It is"}),
    )  # fmt: skip
    assert prompt_text(prefilled) == "Who?\n⟶ It is"
