from __future__ import annotations

import json
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from core.models import fingerprint as fp


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "model"
    path.mkdir()
    config = {"model_type": "llama", "hidden_size": 8, "transformers_version": "1"}
    (path / "config.json").write_text(json.dumps(config))
    weights = {"a": np.arange(64, dtype=np.float32), "b": np.ones((4, 4), np.float32)}
    save_file(weights, path / "model.safetensors")
    (path / "tokenizer.json").write_text('{"model": {"vocab": {"a": 0}}}')
    (path / "tokenizer_config.json").write_text('{"chat_template": "x", "name_or_path": "y"}')
    return path


def _flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def test_same_content_same_fingerprint_anywhere(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere"
    shutil.copytree(folder, copy)
    assert fp.fingerprint_model(copy) == fp.fingerprint_model(folder)
    assert fp.fingerprint_tokenizer(copy) == fp.fingerprint_tokenizer(folder)
    assert fp.fingerprint_model(folder).startswith("sha256:")


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_weight_byte_changes_it(folder: Path, data: st.DataObject) -> None:
    weights = folder / "model.safetensors"
    size = weights.stat().st_size
    header = struct.unpack("<Q", weights.read_bytes()[:8])[0]
    before = fp.fingerprint_model(folder)
    at = data.draw(st.integers(8 + header, size - 1))
    _flip(weights, at)
    assert fp.fingerprint_model(folder) != before
    _flip(weights, at)
    assert fp.fingerprint_model(folder) == before


def test_configuration_counts_but_not_what_saving_writes_into_it(folder: Path) -> None:
    before = fp.fingerprint_model(folder)
    config = json.loads((folder / "config.json").read_text())
    resaved = {**config, "transformers_version": "2", "_name_or_path": "/x"}
    (folder / "config.json").write_text(json.dumps(resaved, indent=2))
    assert fp.fingerprint_model(folder) == before
    (folder / "config.json").write_text(json.dumps({**config, "hidden_size": 16}))
    assert fp.fingerprint_model(folder) != before


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("tokenizer.json", '{"model": {"vocab": {"b": 0}}}'),
        ("tokenizer_config.json", '{"chat_template": "another"}'),
        ("chat_template.jinja", "{{ messages }}"),
        ("qwen.tiktoken", "IQ== 0"),
    ],
)
def test_every_tokenizer_file_counts(folder: Path, name: str, content: str) -> None:
    tokenizer, model = fp.fingerprint_tokenizer(folder), fp.fingerprint_model(folder)
    (folder / name).write_text(content)
    assert fp.fingerprint_tokenizer(folder) != tokenizer
    assert fp.fingerprint_model(folder) == model


def test_large_files_are_sampled_in_every_tensor(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = {f"t{i}": np.zeros(50_000, np.float32) for i in range(5)}
    save_file(weights, folder / "model.safetensors")
    monkeypatch.setattr(fp, "_WHOLE_BELOW", 1000)
    before = fp.fingerprint_model(folder)
    assert before.startswith("sha256-sampled:")
    assert fp.fingerprint_model(folder, whole=True).startswith("sha256:")
    for name in weights:
        changed = {**weights, name: weights[name] + 1e-3}
        save_file(changed, folder / "model.safetensors")
        assert fp.fingerprint_model(folder) != before
    save_file(weights, folder / "model.safetensors")
    _flip(folder / "model.safetensors", (folder / "model.safetensors").stat().st_size - 1)
    assert fp.fingerprint_model(folder) != before


def test_blocks_cover_both_ends_and_stay_inside() -> None:
    spans = fp._spread(100, 1_000_100, 4)
    assert spans[0][0] == 100
    assert spans[-1][1] == 1_000_100
    assert all(100 <= a < b <= 1_000_100 for a, b in spans)
    assert fp._spread(0, 10, 4) == [(0, 10)]


def test_adapter(folder: Path) -> None:
    (folder / "adapter_config.json").write_text('{"r": 8, "base_model_name_or_path": "x"}')
    before = fp.fingerprint_adapter(folder)
    (folder / "adapter_config.json").write_text('{"r": 8, "base_model_name_or_path": "y"}')
    assert fp.fingerprint_adapter(folder) == before
    (folder / "adapter_config.json").write_text('{"r": 16, "base_model_name_or_path": "x"}')
    assert fp.fingerprint_adapter(folder) != before


def test_a_server_is_marked_as_known_by_name_alone() -> None:
    assert fp.fingerprint_server("a").startswith("server-name:")
    assert fp.fingerprint_server("a") != fp.fingerprint_server("b")
