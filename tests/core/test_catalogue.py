from __future__ import annotations

import csv
import time
from collections import Counter
from importlib.resources import files

import pytest

from core.models import catalogue


@pytest.fixture(scope="module")
def table() -> list[dict[str, str]]:
    """The data file as it lies there, read without the code under test."""
    text = files("core.models").joinpath("data", "models.tsv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter="\t"))


def test_counts_of_the_published_table(table: list[dict[str, str]]) -> None:
    assert len(catalogue.rows()) == len(table) == 1164
    assert len(catalogue.entries()) == len({e.short_name for e in catalogue.entries()}) == 1161
    modalities = Counter(e.modality for e in catalogue.rows())
    assert modalities["text"] == 713
    assert sum(modalities.values()) - modalities["text"] == 451
    assert sum(e.task == catalogue.CAUSAL_LM for e in catalogue.rows()) == 1118
    assert sum(e.hf_id is None for e in catalogue.rows()) == 17


def test_every_name_and_every_hub_id_is_found(table: list[dict[str, str]]) -> None:
    for row in table:
        entry = catalogue.get(row["short_name"])
        assert entry is not None
        assert entry.short_name == row["short_name"]
        for hub_id in (row["hf_id"], row["ms_id"]):
            assert not hub_id or catalogue.by_hub_id(hub_id) is not None
            assert not hub_id or catalogue.find(hub_id.upper()) is not None


def test_fields_of_one_entry() -> None:
    entry = catalogue.get("qwen-7b-chat")
    assert entry is not None
    assert entry.hub_ids == ("Qwen/Qwen-7B-Chat", "Qwen/Qwen-7B-Chat")
    assert (entry.family, entry.chat_format, entry.modality) == ("qwen", "qwen", "text")
    assert (entry.architectures, entry.params_b) == (("QWenLMHeadModel",), 7.0)
    two = catalogue.get("baichuan2-7b-chat")
    assert two is not None
    assert two.architectures == ("BaichuanForCausalLM", "BaiChuanForCausalLM")


def test_a_name_that_stands_twice_has_one_meaning_and_a_reason() -> None:
    names = Counter(e.short_name for e in catalogue.rows())
    twice = {name for name, count in names.items() if count > 1}
    assert twice == {"qwen3-32b-awq", "glm-edge-4b-chat", "ernie-4.5-0.3b-pt"}
    kept = {name: catalogue.get(name) for name in twice}
    assert kept["qwen3-32b-awq"].hf_id == "Qwen/Qwen3-32B-AWQ"  # type: ignore[union-attr]
    assert kept["glm-edge-4b-chat"].modality == "text"  # type: ignore[union-attr]
    assert kept["ernie-4.5-0.3b-pt"].ms_id == "PaddlePaddle/ERNIE-4.5-0.3B-PT"  # type: ignore[union-attr]
    assert all(e.note for e in catalogue.rows() if e.short_name in twice)


def test_a_row_without_its_name_is_still_reached_by_its_own_id() -> None:
    copy = catalogue.by_hub_id("swift/Qwen3-32B-AWQ")
    assert copy is not None
    assert copy.hf_id is None
    base = catalogue.by_hub_id("baidu/ERNIE-4.5-0.3B-Base-PT")
    assert base is not None
    assert base.ms_id == "PaddlePaddle/ERNIE-4.5-0.3B-Base-PT"
    chat = catalogue.by_hub_id("baidu/ERNIE-4.5-0.3B-PT")
    assert chat == catalogue.get("ernie-4.5-0.3b-pt")


def test_search_filters() -> None:
    assert {"qwen-7b-chat", "qwen-7b"} <= {e.short_name for e in catalogue.search("QWEN-7B")}
    assert {e.task for e in catalogue.search(task="embedding")} == {"embedding"}
    assert {e.modality for e in catalogue.search("qwen", modality="audio")} == {"audio"}
    assert len(catalogue.search()) == 1161
    assert catalogue.search("surely-nothing-is-called-so") == []


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("qwen7b-chat", "qwen-7b-chat"),
        ("Qwen-7B-Chatt", "qwen-7b-chat"),
        ("Qwen/Qwen-7B-Chatt", "Qwen/Qwen-7B-Chat"),
        ("smollm2-135m", "smollm2-135m-instruct"),
    ],
)
def test_suggestions_name_what_was_meant(typed: str, meant: str) -> None:
    assert catalogue.suggest(typed, extra=("smollm2-135m-instruct",))[0] == meant


def test_suggestions_are_as_many_as_asked_for() -> None:
    assert len(catalogue.suggest("no-such-model", n=3)) == 3


def test_reading_the_table_is_quick() -> None:
    catalogue._load.cache_clear()
    start = time.perf_counter()
    catalogue.entries()
    # 25 ms on two busy cores; ten times that would be felt at every command.
    assert time.perf_counter() - start < 0.25
