from __future__ import annotations

import subprocess
import sys
from collections import Counter
from dataclasses import replace

import pytest

from core.models import catalogue, convert, registries
from core.models.catalogue import CAUSAL_LM, CatalogueEntry
from core.models.registries import Registries, installed
from core.models.runnable import _legacy_table, runnability, sibling, survey

KNOWN = Registries(
    vllm_installed=True,
    transformers_installed=True,
    vllm=frozenset({"LlamaForCausalLM", "Qwen2ForCausalLM"}),
    transformers=frozenset({"LlamaForCausalLM", "YoutuForCausalLM"}),
    removed={"QWenLMHeadModel": "0.23.0"},
    plugins={"OddForCausalLM": "https://example.org/plugin"},
)


def entry(name: str) -> CatalogueEntry:
    found = catalogue.get(name)
    assert found is not None
    return found


def test_vllm_comes_before_transformers() -> None:
    assert runnability(entry("llama-2-7b-hf"), KNOWN).backend == "vllm"
    found = runnability(entry("youtu-llm-2b"), KNOWN)
    assert (found.backend, found.via) == ("transformers", "native")


def test_any_of_several_architectures_is_enough() -> None:
    several = replace(entry("phi-2"), architectures=("NoneSuch", "LlamaForCausalLM"))
    assert runnability(several, KNOWN).backend == "vllm"


def test_the_headline_model_runs_converted() -> None:
    found = runnability(entry("qwen-7b-chat"), KNOWN)
    assert (found.backend, found.via) == ("vllm", "converted")
    assert "Qwen2ForCausalLM" in found.reason
    only_transformers = replace(KNOWN, vllm=frozenset(), transformers=KNOWN.vllm)
    assert runnability(entry("qwen-7b-chat"), only_transformers).backend == "transformers"


def test_what_does_not_run_says_why_and_what_does() -> None:
    found = runnability(entry("qwen-vl-chat"), KNOWN)
    assert found.backend is None
    assert "0.23.0 was the last" in found.reason
    assert found.advice == "use qwen2-vl-7b-instruct instead"
    plugin = replace(entry("phi-2"), architectures=("OddForCausalLM",))
    assert "https://example.org/plugin" in runnability(plugin, KNOWN).reason
    assert "openai:NAME@URL" in runnability(plugin, KNOWN).advice


def test_other_tasks_do_not_run() -> None:
    found = runnability(entry("bge-reranker-base"), KNOWN)
    assert found.backend is None
    assert "reranker" in found.reason


def test_without_any_engine_everything_says_what_to_install() -> None:
    found = runnability(entry("qwen2.5-7b-instruct"), Registries(False, False))
    assert found.backend is None
    assert "pip install" in found.advice


def test_missing_packages_give_empty_registries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registries, "_package_folder", lambda _: None)
    installed.cache_clear()
    try:
        assert installed() == Registries(False, False)
    finally:
        installed.cache_clear()


COMPARE = """
from transformers.models.auto import modeling_auto as m
from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES
from vllm.model_executor.models import registry as r
from core.models.registries import _HF_GENERATIVE, _VLLM_GENERATIVE, _names, installed

known = installed()
assert known.vllm == {a for t in _VLLM_GENERATIVE for a in getattr(r, t)}
assert known.removed == r._PREVIOUSLY_SUPPORTED_MODELS
assert known.plugins == r._OOT_SUPPORTED_MODELS
assert known.transformers == {a for t in _HF_GENERATIVE for a in _names(getattr(m, t))}
# A few types are added by statements, which are not run when the tables are read.
assert len(set(CONFIG_MAPPING_NAMES) - known.config_types) <= 10
"""


@pytest.mark.model
def test_tables_are_read_as_python_would_read_them() -> None:
    known = installed()
    if not (known.vllm_installed and known.transformers_installed):
        pytest.skip("both engines are needed to compare")
    # In a process of its own: importing vLLM changes logging and the start method of processes.
    command = [sys.executable, "-c", COMPARE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_table_of_legacy_names_is_sound() -> None:
    families = {e.family for e in catalogue.entries()}
    for key, row in _legacy_table().items():
        kind, _, family = key.rpartition(":")
        assert family in families if kind else catalogue.get(key) is not None, key
        assert row.convertible != bool(row.sibling), key
        if row.convertible:
            config = {"architectures": list(entry(key).architectures)}
            assert convert.is_legacy(config), key


@pytest.mark.skipif(not installed().vllm_installed, reason="vLLM is not installed")
def test_survey_of_the_installed_engines() -> None:
    found = {r.name: r for r in survey()}
    assert len(found) == 1161
    asked = [r for r in found.values() if entry(r.name).task == CAUSAL_LM]
    counts = Counter((r.backend, r.via) for r in asked)
    # Measured with vLLM 0.32.0 and transformers 5.19.0: 977, 14, 21, 103.
    assert counts["vllm", "native"] >= 900
    assert counts["vllm", "converted"] == 21
    assert all(r.reason and r.advice for r in found.values() if r.backend is None)
    for r in asked:
        if r.backend is None:
            near = sibling(entry(r.name))
            assert near is not None, r.name
            assert found[near].backend is not None, (r.name, near)
