"""Scores equal those of reading every text by itself, however they are batched and shared."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.models.batching import (
    PromptTokens,
    ScoreTokens,
    TokenTree,
    plan_generation,
    plan_rows,
    plan_trees,
)
from tests.core.tiny_models import make_model

torch = pytest.importorskip("torch")

from core.models.prefix_scoring import PlainScorer, TreeScorer, choose_scorer  # noqa: E402

# Few distinct tokens, so that texts share beginnings of all lengths, and some are prefixes of
# others; a continuation may be empty or appear twice.
ids = st.lists(st.integers(0, 3), max_size=5).map(tuple)
item = st.tuples(ids.filter(bool), st.lists(ids, max_size=4).map(tuple))
items = st.lists(item, min_size=1, max_size=8).map(
    lambda pairs: [ScoreTokens(f"{i}", p, c) for i, (p, c) in enumerate(pairs)]
)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Matrices this small are slower on several threads, and much slower on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def model() -> Any:
    return make_model()


def naive(model: Any, item: ScoreTokens) -> list[list[float]]:
    """One unpadded forward pass a continuation."""
    values = []
    for c in item.continuations:
        with torch.no_grad():
            logits = model(torch.tensor([item.prompt + c])).logits[0].double().log_softmax(-1)
        values.append([logits[len(item.prompt) + n - 1, t].item() for n, t in enumerate(c)])
    return values


def assert_naive(scorer: Any, model: Any, items: list[ScoreTokens]) -> None:
    for batch in scorer.plan(items):
        chosen = [items[i] for i in batch]
        for one, values in zip(chosen, scorer.score(chosen), strict=True):
            expected = naive(model, one)
            assert [len(v) for v in values] == [len(c) for c in one.continuations]
            for got, want in zip(values, expected, strict=True):
                assert list(got) == pytest.approx(want, abs=1e-4)


@pytest.mark.parametrize("kind", [TreeScorer, PlainScorer])
@given(items=items, budget=st.integers(4, 60))
@settings(max_examples=40, deadline=None)
def test_equals_naive(model: Any, kind: Any, items: list[ScoreTokens], budget: int) -> None:
    assert_naive(kind(model, max_tokens=budget), model, items)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"family": "llama"}, "prefix tree"),
        ({"family": "llama", "attn_implementation": "eager"}, "prefix tree"),
        ({"family": "gpt2"}, "prefix tree"),
        # A window of 4 tokens, and ALiBi, which counts positions by itself.
        ({"family": "mistral", "sliding_window": 4}, "plain rows"),
        ({"family": "bloom"}, "plain rows"),
    ],
)
def test_architectures(options: dict[str, Any], name: str) -> None:
    model = make_model(**options)
    scorer, why = choose_scorer(model, max_tokens=64)
    assert scorer.name == name
    assert bool(why) == (name == "plain rows")
    head = tuple(range(20, 32))
    tokens = [
        ScoreTokens("a", (*head, 1, 2, 3), ((4,), (5, 6, 7), (5, 6))),
        ScoreTokens("b", (*head, 9), ((4, 4), (8,))),
        ScoreTokens("c", (50, 51), ((52,),)),
    ]
    assert_naive(scorer, model, tokens)


def test_a_model_that_ignores_the_mask_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    model = make_model()
    forward = type(model).forward

    def deaf(self: Any, *, attention_mask: Any = None, logits_to_keep: Any = 0, **rest: Any) -> Any:
        mask = attention_mask if attention_mask.ndim == 2 else None
        return forward(self, attention_mask=mask, logits_to_keep=logits_to_keep, **rest)

    # The signature is read too, so the arguments have to stay visible.
    deaf.__signature__ = __import__("inspect").signature(forward)  # type: ignore[attr-defined]
    monkeypatch.setattr(type(model), "forward", deaf)
    scorer, why = choose_scorer(model, max_tokens=64)
    assert scorer.name == "plain rows"
    assert "nats" in why


def test_non_finite_logits_become_nan() -> None:
    model = make_model()
    scorer, _ = choose_scorer(model, max_tokens=64)
    with torch.no_grad():
        model.lm_head.weight[7] = torch.nan
    values = scorer.score([ScoreTokens("a", (1, 2), ((3,), (7,)))])
    assert all(math.isnan(v) for c in values[0] for v in c)


def test_shared_tokens_are_read_once() -> None:
    tree = TokenTree()
    nodes = tree.add(ScoreTokens("a", (1, 2, 3), ((4, 5), (4, 6), (7,))))
    assert len(tree) == 4, "the prompt and one shared 4; last tokens are predicted, not read"
    assert nodes == [[2, 3], [2, 3], [2]]
    tree.add(ScoreTokens("b", (1, 2, 9), ((4,),)))
    assert len(tree) == 5
    assert tree.depths == [0, 1, 2, 3, 2]


@given(items=items, budget=st.integers(4, 60), random=st.randoms())
@pytest.mark.parametrize("plan", [plan_trees, plan_rows])
def test_plans_are_idempotent_and_ignore_order(
    plan: Any, items: list[ScoreTokens], budget: int, random: Any
) -> None:
    keys = [[items[i].key for i in b] for b in plan(items, max_tokens=budget)]
    assert sorted(k for b in keys for k in b) == sorted(x.key for x in items)
    shuffled = random.sample(items, len(items))
    assert [[shuffled[i].key for i in b] for b in plan(shuffled, max_tokens=budget)] == keys
    by_key = {x.key: x for x in items}
    for batch in keys:
        again = [by_key[k] for k in batch]
        assert plan(again, max_tokens=budget) == [list(range(len(batch)))]


@given(
    lengths=st.lists(st.tuples(st.integers(1, 40), st.integers(1, 20)), min_size=1, max_size=20),
    rows=st.integers(1, 6),
    budget=st.integers(20, 200),
)
def test_generation_plans(lengths: list[tuple[int, int]], rows: int, budget: int) -> None:
    items = [PromptTokens(f"{i}", (1,) * n, m) for i, (n, m) in enumerate(lengths)]
    plan = plan_generation(items, max_rows=rows, max_tokens=budget)
    assert sorted(i for b in plan for i in b) == list(range(len(items)))
    for batch in plan:
        widest = max(len(items[i].prompt) + items[i].max_new for i in batch)
        assert len(batch) == 1 or (len(batch) <= rows and len(batch) * widest <= budget)
        again = plan_generation([items[i] for i in batch], max_rows=rows, max_tokens=budget)
        assert again == [list(range(len(batch)))]
