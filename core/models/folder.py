"""Is this folder (or .gguf file) a whole model? Checked by headers, before anything is loaded.

Every refusal names the file and says what to do. Pickled weights are never read: unpickling runs
code that came with the file.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

from core.errors import EnvironmentProblem

#: A folder with none of these has no tokenizer that can be read without code from the checkpoint.
TOKENIZER_PATTERNS = (
    "tokenizer.json", "*.model", "vocab.json", "vocab.txt", "*.tiktoken", "tekken.json",
)  # fmt: skip
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")
#: The safetensors format's own limit on the header, in bytes.
_MAX_HEADER = 100_000_000


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from ``path``; unreadable or not an object → :class:`EnvironmentProblem`."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EnvironmentProblem(
            f"{path} cannot be read as JSON ({error}). Fetch the file again."
        ) from error
    if not isinstance(value, dict):
        raise EnvironmentProblem(f"{path} holds no JSON object. Fetch the file again.")
    return value


def safetensors_header(path: Path) -> tuple[bytes, dict[str, Any]]:
    """(raw header, parsed header) of a safetensors file, whose size must agree with the header.

    Layout: 8 bytes little-endian length, that many bytes of JSON
    ``{tensor: {dtype, shape, data_offsets: [begin, end]}}``, then the data
    (https://huggingface.co/docs/safetensors, "Format").
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        prefix = file.read(8)
        length = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else 0
        if not 2 <= length <= min(_MAX_HEADER, size - 8):
            raise _broken(path, "its header is missing or longer than the file")
        raw = file.read(length)
    try:
        header = json.loads(raw)
        ends = [
            tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"
        ]
        data = max(ends, default=0)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise _broken(path, "its header is not valid") from error
    if 8 + length + data != size:
        raise _broken(path, f"its header declares {8 + length + data:,} bytes, it has {size:,}")
    return raw, header


def _broken(path: Path, why: str) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"{path} is truncated or damaged: {why}. Fetch or copy the file again."
    )


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a model or adapter folder, sorted by name; none → error."""
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        shards = sorted(set(read_json(index).get("weight_map", {}).values()))
        missing = [s for s in shards if not (folder / s).is_file()]
        if missing or not shards:
            raise EnvironmentProblem(
                f"{folder} lacks {len(missing)} of the {len(shards)} weight files its index names"
                f" ({', '.join(missing[:3]) or 'the index is empty'}). Fetch the missing files."
            )
        return [folder / s for s in shards]
    found = sorted(folder.glob("*.safetensors"))
    # Some publishers add a second copy in a layout of their own under this name.
    if own := [f for f in found if not f.name.startswith("consolidated")] or found:
        return own
    if any(next(folder.glob(p), None) for p in _PICKLES):
        raise EnvironmentProblem(
            f"{folder} has only pickled weights (.bin/.pt), which can run code when read and are "
            "refused. Convert them to safetensors (transformers: save_pretrained) and try again."
        )
    gguf = next(folder.glob("*.gguf"), None)
    hint = f"Give the file itself: {gguf}." if gguf else "Fetch its *.safetensors files."
    raise EnvironmentProblem(f"{folder} has no safetensors weights. {hint}")


def check_folder(folder: Path) -> dict[str, Any]:
    """The parsed config.json of a whole model folder; anything missing or broken → error."""
    config_path = folder / "config.json"
    if not config_path.is_file():
        if (folder / "adapter_config.json").is_file():
            raise EnvironmentProblem(
                f"{folder} holds an adapter, not a model. "
                "Give the base model and add --adapter with this folder."
            )
        raise EnvironmentProblem(
            f"{folder} is no model: it has no config.json. Give the folder that holds config.json."
        )
    config = read_json(config_path)
    for path in weight_files(folder):
        safetensors_header(path)
    if not any(next(folder.glob(p), None) for p in TOKENIZER_PATTERNS):
        raise EnvironmentProblem(
            f"{folder} has no tokenizer (none of {', '.join(TOKENIZER_PATTERNS)}). "
            "Copy the tokenizer files of the model into it."
        )
    return config


def check_gguf(path: Path) -> None:
    """Refuse a file that is no GGUF or ends before its last tensor."""
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise EnvironmentProblem(
                f"{path} is no GGUF file (its first bytes are not 'GGUF'). Fetch the file again."
            )
    try:
        from gguf import GGUFReader
    except ImportError as error:
        raise EnvironmentProblem(
            f"Reading {path} needs the package gguf. Run: pip install gguf"
        ) from error
    try:
        # The reader maps every tensor, so a file cut short fails here and not while loading.
        reader = GGUFReader(str(path))
    except Exception as error:  # the reader raises whatever numpy does on short data
        raise _broken(path, f"it cannot be read to its end ({type(error).__name__})") from error
    if not reader.tensors:
        raise _broken(path, "it declares no tensors")
