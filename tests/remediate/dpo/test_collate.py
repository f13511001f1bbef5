"""The shared-prefix layout: the same numbers as two rows, on a model that is really run."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM
from trl.trainer.utils import add_fused_lm_head

from remediate.dpo.collate import PairCollator, SharedPrefixCollator, common_prefix
from remediate.dpo.encode import Encoded
from remediate.dpo.reference import agrees, reference_logps


def encoded(row: int, prompt: list[int], chosen: list[int], rejected: list[int]) -> Encoded:
    return Encoded(row, prompt, chosen, rejected, 0, 3, "choice", 0.0, 1.0)


PAIRS = [
    encoded(0, [5, 6, 7], [8, 9, 2], [8, 10, 2]),  # shares a completion token
    encoded(1, [5, 6], [11, 12, 13, 14, 2], [15, 2]),  # shares the prompt alone
    encoded(2, [4], [3, 3, 3, 9, 2], [3, 3, 3, 8, 7, 6, 2]),
    encoded(3, [9, 8, 7, 6, 5, 4, 3], [2], [3]),
]


@pytest.fixture(scope="module")
def llama() -> Any:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=32, hidden_size=32, intermediate_size=48, num_hidden_layers=3,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=64,
    )  # fmt: skip
    model = LlamaForCausalLM(config).eval()
    add_fused_lm_head(model)
    return model


def test_both_layouts_give_the_same_log_probabilities(llama: Any) -> None:
    shared = reference_logps(llama, PAIRS, SharedPrefixCollator(0), batch_size=3)
    plain = reference_logps(llama, PAIRS, PairCollator(0), batch_size=2)
    np.testing.assert_allclose(shared, plain, atol=2e-5)
    assert agrees(llama, PAIRS, 0, atol=1e-4)


def test_log_probabilities_by_hand(llama: Any) -> None:
    """Token by token from the model's own logits, without any collator."""
    found = reference_logps(llama, PAIRS, SharedPrefixCollator(0))
    for row, pair in enumerate(PAIRS):
        for side, tail in enumerate((pair.chosen_ids, pair.rejected_ids)):
            ids = torch.tensor([pair.prompt_ids + tail])
            with torch.no_grad():
                logp = torch.log_softmax(llama(input_ids=ids).logits[0], dim=-1)
            start = len(pair.prompt_ids)
            wanted = sum(logp[start + i - 1, token].item() for i, token in enumerate(tail))
            assert found[row, side] == pytest.approx(wanted, abs=2e-5)


def test_the_models_own_head_and_the_fused_one_agree(
    llama: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a CPU only the wanted columns are projected; elsewhere TRL's fused head is asked."""
    own = reference_logps(llama, PAIRS, SharedPrefixCollator(0))
    monkeypatch.setattr("remediate.dpo.reference._keeps_columns", lambda model: False)
    fused = reference_logps(llama, PAIRS, SharedPrefixCollator(0))
    np.testing.assert_allclose(own, fused, atol=2e-5)


def test_a_model_that_ignores_the_mask_is_found_out(llama: Any) -> None:
    class Deaf(torch.nn.Module):
        """Takes every argument and attends to whatever stands before."""

        config = llama.config

        def forward(self, **inputs: Any) -> Any:
            inputs.pop("attention_mask")
            inputs.pop("position_ids", None)
            return llama(**inputs)

        def parameters(self, recurse: bool = True) -> Any:
            return llama.parameters(recurse)

    assert not agrees(Deaf(), PAIRS[:1] * 3, 0, atol=1e-4)


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_either_attention_takes_the_mask(attention: str) -> None:
    torch.manual_seed(2)
    config = LlamaConfig(
        vocab_size=32, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=4, max_position_embeddings=64, attn_implementation=attention,
    )  # fmt: skip
    model = LlamaForCausalLM(config).eval()
    assert model.config._attn_implementation == attention
    add_fused_lm_head(model)
    assert agrees(model, PAIRS, 0, atol=1e-4)


def test_learned_positions_follow_position_ids() -> None:
    torch.manual_seed(1)
    config = GPT2Config(vocab_size=32, n_positions=32, n_embd=32, n_layer=2, n_head=4)
    model = GPT2LMHeadModel(config).eval()
    add_fused_lm_head(model)
    assert agrees(model, PAIRS, 0, atol=1e-4)


@given(st.lists(st.integers(0, 5)), st.lists(st.integers(0, 5)), st.lists(st.integers(0, 5)))
def test_common_prefix_is_the_longest(head: list[int], a: list[int], b: list[int]) -> None:
    n = common_prefix(head + a, head + b)
    one, two = head + a, head + b
    assert n >= len(head)
    assert one[:n] == two[:n]
    assert n == min(len(one), len(two)) or one[n] != two[n]


tokens = st.lists(st.integers(3, 9), min_size=1, max_size=5)


@settings(deadline=None, max_examples=60)
@given(tokens, tokens, tokens)
def test_layout_keeps_every_token_once_a_side(
    prompt: list[int], chosen: list[int], rejected: list[int]
) -> None:
    """Ends differ (token 1 and 2), as the encoder demands of every pair."""
    pair = encoded(0, prompt, [*chosen, 1], [*rejected, 2])
    batch = SharedPrefixCollator(0)([dataclasses.asdict(pair) | {"probe": 0}])
    ids, sides = batch["input_ids"][0], batch["sides"][0]
    assert ids[sides[0] == 1].tolist() == pair.chosen_ids
    assert ids[sides[1] == 1].tolist() == pair.rejected_ids
    positions = batch["position_ids"][0]
    start = len(prompt)
    wanted = list(range(start, start + len(pair.rejected_ids)))
    assert positions[sides[1] == 1].tolist() == wanted
