from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from core.errors import EnvironmentProblem, UsageProblem
from core.models import convert, hubs, resolve
from core.models.registries import Registries, installed

LLAMA = {"architectures": ["LlamaForCausalLM"], "model_type": "llama"}


def make_folder(path: Path, config: dict[str, Any] | None = None) -> Path:
    """A folder that passes for a whole model as long as nobody loads it."""
    path.mkdir(parents=True)
    (path / "config.json").write_text(json.dumps(config or LLAMA))
    save_file({"w": np.ones((8, 8), np.float32)}, path / "model.safetensors")
    (path / "tokenizer.json").write_text("{}")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "model")


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines that know Llama and nothing else, whatever is installed."""
    known = Registries(
        True, True, vllm=frozenset({"LlamaForCausalLM"}), config_types=frozenset({"llama"})
    )
    monkeypatch.setattr("core.models.registries.installed", lambda: known)


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Empty caches and hubs that cannot be reached; the list says who was asked, in order."""
    asked: list[str] = []

    def refuse(place: str) -> Callable[..., Path]:
        def ask(hub_id: str, *_: Any) -> Path:
            asked.append(f"{place} {hub_id}")
            raise hubs.NotThereError(f"{place} cannot be reached")

        return ask

    for place in ("huggingface_cache", "modelscope_cache", "huggingface", "modelscope"):
        monkeypatch.setattr(hubs, place, refuse(place))
    return asked


@pytest.mark.usefixtures("engines")
def test_a_whole_folder_is_taken_as_it_is(folder: Path) -> None:
    found = resolve.resolve(str(folder))
    assert (found.source, found.path, found.entry) == ("folder", folder, None)
    assert (found.notes, found.max_context, found.chat_format) == ((), None, None)


def _remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def _only_pickle(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def _cut(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])


def _cut_header(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"\x10\x00\x00\x00\x00\x00\x00\x00{")


def _empty_weights(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"")


def _garbled_header(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"\x04\x00\x00\x00\x00\x00\x00\x00nope")


def _missing_shard(folder: Path) -> None:
    index = {"weight_map": {"a": "model.safetensors", "b": "model-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def _bad_config(folder: Path) -> None:
    (folder / "config.json").write_text('{"architectures": [')


def _list_config(folder: Path) -> None:
    (folder / "config.json").write_text("[]")


def _adapter(folder: Path) -> None:
    (folder / "config.json").rename(folder / "adapter_config.json")


@pytest.mark.usefixtures("engines")
@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (_remove("config.json"), "no config.json"),
        (_remove("tokenizer.json"), "no tokenizer"),
        (_remove("model.safetensors"), "no safetensors"),
        (_only_pickle, "Convert them to safetensors"),
        (_cut, "model.safetensors is truncated"),
        (_cut_header, "model.safetensors is truncated"),
        (_empty_weights, "model.safetensors is truncated"),
        (_garbled_header, "header is not valid"),
        (_missing_shard, "model-00002.safetensors"),
        (_bad_config, "config.json cannot be read"),
        (_list_config, "config.json holds no JSON object"),
        (_adapter, "--adapter"),
    ],
)
def test_a_broken_folder_is_refused_in_a_sentence(
    folder: Path, harm: Callable[[Path], None], says: str
) -> None:
    harm(folder)
    with pytest.raises(EnvironmentProblem) as caught:
        resolve.resolve(str(folder))
    assert says in str(caught.value)
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not it", b"GGUF\x03\x00\x00\x00 cut"])
def test_a_file_that_is_no_whole_gguf_is_refused(
    tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EQUIPOISE_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "m.gguf"
    path.write_bytes(content)
    with pytest.raises(EnvironmentProblem, match=r"m\.gguf is (no GGUF|truncated)"):
        resolve.resolve(str(path))
    assert not (tmp_path / "cache").exists()


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.bin"
    path.write_bytes(b"")
    with pytest.raises(EnvironmentProblem, match=r"no \.gguf"):
        resolve.check_name(str(path))


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/at/all", "gone.gguf"])
def test_a_missing_path_is_called_a_missing_path(name: str) -> None:
    with pytest.raises(EnvironmentProblem, match="no file or folder"):
        resolve.check_name(name)


def test_unknown_names_bring_suggestions() -> None:
    with pytest.raises(EnvironmentProblem, match=r"Did you mean qwen-7b-chat") as caught:
        resolve.check_name("qwen7b-chat")
    assert caught.value.exit_code == 3
    with pytest.raises(UsageProblem):
        resolve.check_name("  ")


@pytest.mark.parametrize("name", ["qwen-7b-chat", "Qwen/Qwen-7B-Chat", "someone/some-model.v2"])
def test_names_that_may_exist_pass(name: str) -> None:
    resolve.check_name(name)


@pytest.mark.parametrize("name", ["bge-reranker-base", "BAAI/bge-reranker-base", "emu3-gen"])
def test_models_that_give_no_answers_are_refused(name: str) -> None:
    with pytest.raises(UsageProblem, match="gives no answers"):
        resolve.resolve(name)


def test_checking_a_name_loads_nothing_heavy() -> None:
    code = (
        "import sys, time; start = time.perf_counter()\n"
        "from core.models.resolve import check_name\n"
        "from core.errors import EnvironmentProblem\n"
        "try: check_name('no-such-model')\n"
        "except EnvironmentProblem as e: print(e)\n"
        "print(time.perf_counter() - start)\n"
        "heavy = {'torch', 'transformers', 'vllm', 'huggingface_hub', 'numpy', 'yaml'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    message, seconds, heavy = done.stdout.strip().split("\n")
    assert "Did you mean" in message
    assert heavy == "[]"
    assert float(seconds) < 1.0


@pytest.mark.parametrize(
    ("name", "model", "url"),
    [
        ("openai:m@http://127.0.0.1:8000/v1/", "m", "http://127.0.0.1:8000/v1"),
        ("openai:org/m@v2@https://host/v1", "org/m@v2", "https://host/v1"),
    ],
)
def test_a_server(name: str, model: str, url: str) -> None:
    found = resolve.resolve(name)
    assert (found.source, found.path) == ("server", None)
    assert (found.hub_id, found.server_url) == (model, url)


@pytest.mark.parametrize(
    "name",
    [
        "openai:", "openai:m", "openai:@http://h", "openai:m@", "openai:m@ftp://h", "openai:m@h:80",
        "openai:m@http://", "openai:m@http://h:99999", "openai:m@http://h:x/", "openai:m@http://h?a",
        "openai:m@http://[::1",
    ],
)  # fmt: skip
def test_a_malformed_server_is_wrong_usage(name: str) -> None:
    with pytest.raises(UsageProblem, match="openai:NAME@URL"):
        resolve.check_name(name)


def test_places_are_asked_in_order(no_hub: list[str]) -> None:
    with pytest.raises(EnvironmentProblem, match="smollm2-135m-instruct needs no hub"):
        resolve.resolve("baichuan2-7b-chat")
    assert [place.split()[0] for place in no_hub] == [
        "huggingface_cache", "modelscope_cache", "huggingface", "modelscope",
    ]  # fmt: skip
    assert no_hub[0].split()[1] == "baichuan-inc/Baichuan2-7B-Chat"


@pytest.mark.parametrize(
    ("hub", "asked"),
    [
        ("local", ["huggingface_cache", "modelscope_cache"]),
        ("hf", ["huggingface_cache", "huggingface"]),
        ("modelscope", ["modelscope_cache", "modelscope"]),
    ],
)
def test_hub_option(no_hub: list[str], hub: str, asked: list[str]) -> None:
    with pytest.raises(EnvironmentProblem):
        resolve.resolve("qwen-7b-chat", hub=hub)
    assert [place.split()[0] for place in no_hub] == asked


def test_a_model_without_hugging_face_id_is_not_asked_for_there(no_hub: list[str]) -> None:
    with pytest.raises(EnvironmentProblem):
        resolve.resolve("internlm-chat-7b-8k")
    assert [place.split()[0] for place in no_hub] == ["modelscope_cache", "modelscope"]
    with pytest.raises(EnvironmentProblem, match="knows no id"):
        resolve.resolve("internlm-chat-7b-8k", hub="hf")


def test_unknown_hub_is_wrong_usage() -> None:
    with pytest.raises(UsageProblem, match="--hub auto"):
        resolve.resolve("qwen-7b-chat", hub="nope")


def test_an_unknown_hub_id_brings_suggestions(no_hub: list[str]) -> None:
    with pytest.raises(EnvironmentProblem, match="Qwen/Qwen-7B-Chat"):
        resolve.resolve("Qwen/Qwen-7B-Chatt")
    assert len(no_hub) == 4


@pytest.mark.usefixtures("no_hub", "engines")
def test_an_incomplete_cache_is_completed_by_a_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = make_folder(tmp_path / "half")
    _cut(half)
    whole = make_folder(tmp_path / "whole")
    monkeypatch.setattr(hubs, "huggingface_cache", lambda _: half)
    with pytest.raises(EnvironmentProblem, match="truncated"):
        resolve.resolve("llama-2-7b-chat-hf", hub="local")
    monkeypatch.setattr(hubs, "huggingface", lambda *_: whole)
    found = resolve.resolve("llama-2-7b-chat-hf")
    assert (found.source, found.path, found.chat_format) == ("huggingface", whole, "llama")
    assert found.entry is not None
    assert found.hub_id == found.entry.hf_id


def test_without_network_the_answer_comes_fast(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path))
    start = time.perf_counter()
    with pytest.raises(EnvironmentProblem, match="HF_HUB_OFFLINE is set"):
        resolve.resolve("qwen-7b-chat", hub="hf")
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("spelling", ["models/org/m___v1", "org/m.v1"])
def test_modelscope_cache_spellings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spelling: str
) -> None:
    monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path))
    with pytest.raises(hubs.NotThereError):
        hubs.modelscope_cache("org/m.v1")
    made = make_folder(tmp_path / spelling)
    assert hubs.modelscope_cache("org/m.v1") == made


def test_pickles_are_never_among_what_is_downloaded() -> None:
    from fnmatch import fnmatch

    wanted = hubs.wanted(trust_remote_code=False)
    for name in ("pytorch_model.bin", "model.pt", "x.pth", "x.ckpt", "modeling_x.py", "m.pkl"):
        assert not any(fnmatch(name, pattern) for pattern in wanted)
    for name in ("model.safetensors", "tokenizer.model", "qwen.tiktoken", "merges.txt"):
        assert any(fnmatch(name, pattern) for pattern in wanted)
    assert "*.py" in hubs.wanted(trust_remote_code=True)


@pytest.mark.usefixtures("engines")
def test_code_from_a_checkpoint_needs_consent(tmp_path: Path) -> None:
    custom = {"architectures": ["OddForCausalLM"], "model_type": "odd"}
    strange = make_folder(tmp_path / "a", {**custom, "auto_map": {"AutoModel": "x.Odd"}})
    with pytest.raises(EnvironmentProblem, match=r"OddForCausalLM.*--trust-remote-code"):
        resolve.resolve(str(strange))
    assert resolve.resolve(str(strange), trust_remote_code=True).path == strange
    unknown = make_folder(tmp_path / "b", custom)
    with pytest.raises(EnvironmentProblem, match="no installed engine has") as caught:
        resolve.resolve(str(unknown))
    assert "trust" not in str(caught.value)
    config_code = {**LLAMA, "model_type": "odd", "auto_map": {"AutoConfig": "x.OddConfig"}}
    partly = make_folder(tmp_path / "c", config_code)
    with pytest.raises(EnvironmentProblem, match=r"configuration.*--trust-remote-code"):
        resolve.resolve(str(partly))


def test_a_legacy_folder_is_converted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = make_folder(tmp_path / "Qwen", {"architectures": ["QWenLMHeadModel"]})
    target = make_folder(tmp_path / "converted")
    asked: list[tuple[Path, Path]] = []

    def fake(path: Path, cache: Path) -> convert.ConvertedModel:
        asked.append((path, cache))
        return convert.ConvertedModel(target, ("converted",), 8192)

    monkeypatch.setattr(convert, "convert", fake)
    monkeypatch.setattr(convert, "why_not", lambda _: None)
    monkeypatch.setenv("EQUIPOISE_CACHE", str(tmp_path / "cache"))
    found = resolve.resolve(str(source))
    assert asked == [(source, tmp_path / "cache")]
    assert (found.path, found.notes, found.max_context) == (target, ("converted",), 8192)
    assert found.chat_format == "qwen"
    (source / "generation_config.json").write_text('{"chat_format": "raw"}')
    assert resolve.resolve(str(source)).chat_format is None


def test_a_legacy_folder_that_cannot_be_converted_says_why(tmp_path: Path) -> None:
    config = {"architectures": ["QWenLMHeadModel"], "visual": {"width": 1}}
    source = make_folder(tmp_path / "Qwen-VL", config)
    with pytest.raises(EnvironmentProblem, match="qwen2-vl-7b-instruct"):
        resolve.resolve(str(source))


def test_the_installed_engines_know_the_packaged_architecture() -> None:
    known = installed()
    if not (known.vllm_installed or known.transformers_installed):
        pytest.skip("no engine is installed")
    assert known.backend_of(("LlamaForCausalLM",)) is not None
    assert "llama" in known.config_types
