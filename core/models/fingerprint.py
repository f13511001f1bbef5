"""Which weights, which tokenizer: short proofs of identity kept with every run.

A model's fingerprint is a SHA-256 over its configuration and, per safetensors file in order of
name, the header, the size and the data. Files under 64 MiB are hashed whole. Of larger ones every
tensor gives four evenly spaced blocks of 4 KiB (first and last bytes included): a retrained,
merged, requantised or truncated checkpoint differs in every tensor it touched and is seen; a
single byte edited by hand between two blocks is not. That costs a second for a 70-billion model
instead of several minutes. The prefix says which of the two was done: ``sha256:`` or
``sha256-sampled:``.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from core.models.folder import read_json, safetensors_header, weight_files

_WHOLE_BELOW = 64 * 1024 * 1024
_BLOCK = 4096
_BLOCKS = 4
#: Blocks of a large file whose inner layout is not read (GGUF).
_PLAIN_BLOCKS = 1024
#: Keys that change when a checkpoint is saved or moved again, not when the model changes.
_VOLATILE = frozenset(
    ("transformers_version", "_name_or_path", "_commit_hash", "_attn_implementation_autoset",
     "name_or_path", "tokenizer_file", "base_model_name_or_path", "revision", "peft_version")
)  # fmt: skip
_TOKENIZER_JSON = (
    "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "chat_template.json",
)  # fmt: skip
_TOKENIZER_FILES = (
    "tokenizer.json", "vocab.json", "vocab.txt", "merges.txt", "chat_template.jinja", "*.model",
    "*.tiktoken", "tekken.json",
)  # fmt: skip


class _Digest:
    """A SHA-256 of labelled parts, so that moving bytes from one part to the next changes it."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.sampled = False

    def add(self, label: str, data: bytes) -> None:
        self._hash.update(f"{label}:{len(data)}:".encode())
        self._hash.update(data)

    def add_json(self, label: str, path: Path) -> None:
        kept = _without_volatile(read_json(path))
        self.add(label, json.dumps(kept, sort_keys=True, ensure_ascii=False).encode())

    def add_file(self, path: Path) -> None:
        """The whole content, read in pieces."""
        self._hash.update(f"{path.name}:{path.stat().st_size}:".encode())
        with path.open("rb") as file:
            while piece := file.read(1 << 20):
                self._hash.update(piece)

    def add_blocks(self, path: Path, spans: list[tuple[int, int]]) -> None:
        """Only the given ``(begin, end)`` byte ranges."""
        self.sampled = True
        self._hash.update(f"{path.name}:{path.stat().st_size}:".encode())
        with path.open("rb") as file:
            for begin, end in spans:
                file.seek(begin)
                self._hash.update(file.read(end - begin))

    def value(self) -> str:
        return f"{'sha256-sampled' if self.sampled else 'sha256'}:{self._hash.hexdigest()}"


def _without_volatile(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_volatile(v) for k, v in value.items() if k not in _VOLATILE}
    return value


def _spread(begin: int, end: int, blocks: int) -> list[tuple[int, int]]:
    """``blocks`` evenly spaced spans of ``_BLOCK`` bytes over [begin, end), both ends covered."""
    if end - begin <= blocks * _BLOCK:
        return [(begin, end)]
    step = (end - begin - _BLOCK) / (blocks - 1)
    starts = [begin + round(i * step) for i in range(blocks)]
    return [(start, start + _BLOCK) for start in starts]


def _add_safetensors(digest: _Digest, path: Path, whole: bool) -> None:
    if whole or path.stat().st_size < _WHOLE_BELOW:
        digest.add_file(path)
        return
    raw, header = safetensors_header(path)
    digest.add(path.name, raw)
    data = 8 + len(raw)
    spans = []
    for name, tensor in header.items():
        if name != "__metadata__":
            begin, end = tensor["data_offsets"]
            spans.extend(_spread(data + begin, data + end, _BLOCKS))
    digest.add_blocks(path, sorted(spans))


def fingerprint_model(path: Path, *, whole: bool = False) -> str:
    """Fingerprint of a model folder's configuration and weights; ``whole`` reads every byte."""
    digest = _Digest()
    digest.add_json("config", path / "config.json")
    for file in weight_files(path):
        _add_safetensors(digest, file, whole)
    return digest.value()


def fingerprint_tokenizer(path: Path) -> str:
    """Fingerprint of a folder's vocabulary, special tokens and chat template, all read whole."""
    digest = _Digest()
    for name in _TOKENIZER_JSON:
        if (path / name).is_file():
            digest.add_json(name, path / name)
    found = {file for pattern in _TOKENIZER_FILES for file in path.glob(pattern)}
    for file in sorted(found):
        digest.add_file(file)
    return digest.value()


def fingerprint_adapter(path: Path) -> str:
    """Fingerprint of an adapter folder: its configuration and every byte of its weights."""
    digest = _Digest()
    digest.add_json("adapter_config", path / "adapter_config.json")
    for file in weight_files(path):
        _add_safetensors(digest, file, whole=True)
    return digest.value()


def fingerprint_gguf(path: Path) -> str:
    """Fingerprint of one .gguf file: whole below 64 MiB, else 1,024 evenly spaced blocks."""
    digest = _Digest()
    size = path.stat().st_size
    if size < _WHOLE_BELOW:
        digest.add_file(path)
    else:
        digest.add_blocks(path, _spread(0, size, _PLAIN_BLOCKS))
    return digest.value()


def fingerprint_server(model_id: str) -> str:
    """All that is known of a served model: its name. ``server-name:`` marks it as no proof."""
    return f"server-name:{hashlib.sha256(model_id.encode()).hexdigest()}"
