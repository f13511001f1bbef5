"""What the installed engines say they can run, read from their source files without importing them.

vLLM and transformers keep plain tables from architecture (the class name in ``config.json``) to
implementation. Importing either takes many seconds and loads torch; parsing the two table files
takes a tenth of one. An engine that is not installed has empty tables.
"""

from __future__ import annotations

import ast
import importlib.util
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

_VLLM_TABLES = "model_executor/models/registry.py"
_VLLM_CONFIGS = "transformers_utils/config.py"
_HF_MODELS = "models/auto/modeling_auto.py"
_HF_CONFIGS = "models/auto/auto_mappings.py"
#: Tables of vLLM's registry whose models answer in text.
_VLLM_GENERATIVE = (
    "_TEXT_GENERATION_MODELS", "_MULTIMODAL_MODELS", "_TRANSFORMERS_SUPPORTED_MODELS",
)  # fmt: skip
#: transformers' auto classes whose models answer in text.
_HF_GENERATIVE = (
    "MODEL_FOR_CAUSAL_LM_MAPPING_NAMES", "MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES",
    "MODEL_FOR_MULTIMODAL_LM_MAPPING_NAMES",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Registries:
    """Architectures each engine runs, and why vLLM dropped some.

    ``removed`` maps an architecture to the last vLLM version that had it, ``plugins`` to the
    address of the plug-in that carries it now; ``config_types`` are the ``model_type`` values
    that need no configuration code from the checkpoint.
    """

    vllm_installed: bool
    transformers_installed: bool
    vllm: frozenset[str] = frozenset()
    transformers: frozenset[str] = frozenset()
    removed: dict[str, str] = field(default_factory=dict)
    plugins: dict[str, str] = field(default_factory=dict)
    config_types: frozenset[str] = frozenset()

    def backend_of(self, architectures: tuple[str, ...]) -> Literal["vllm", "transformers"] | None:
        """``vllm`` if it runs any of them, else ``transformers`` if it does, else ``None``."""
        if self.vllm.intersection(architectures):
            return "vllm"
        return "transformers" if self.transformers.intersection(architectures) else None


@lru_cache(maxsize=1)
def installed() -> Registries:
    """The registries of the packages in this environment."""
    vllm, hf = _package_folder("vllm"), _package_folder("transformers")
    tables = _tables(vllm / _VLLM_TABLES) if vllm else {}
    autos = _tables(hf / _HF_MODELS) if hf else {}
    configs = (_tables(hf / _HF_CONFIGS) if hf else {}).get("CONFIG_MAPPING_NAMES", {})
    own = (_tables(vllm / _VLLM_CONFIGS) if vllm else {}).get("_CONFIG_REGISTRY", {})
    return Registries(
        vllm_installed=vllm is not None,
        transformers_installed=hf is not None,
        vllm=frozenset(a for t in _VLLM_GENERATIVE for a in tables.get(t, {})),
        transformers=frozenset(a for t in _HF_GENERATIVE for a in _names(autos.get(t, {}))),
        removed=dict(tables.get("_PREVIOUSLY_SUPPORTED_MODELS", {})),
        plugins=dict(tables.get("_OOT_SUPPORTED_MODELS", {})),
        config_types=frozenset((*configs, *own)),
    )


def _package_folder(package: str) -> Path | None:
    # find_spec of a top-level name does not import it.
    spec = importlib.util.find_spec(package)
    places = list(spec.submodule_search_locations or ()) if spec else []
    return Path(places[0]) if places else None


def _names(mapping: dict[Any, Any]) -> list[str]:
    """Class names of an auto mapping, whose values are a name or a tuple of names."""
    names: list[str] = []
    for value in mapping.values():
        names.extend([value] if isinstance(value, str) else value)
    return names


def _tables(path: Path) -> dict[str, dict[Any, Any]]:
    """Every module-level dictionary of a source file that is written out as literals."""
    if not path.is_file():
        return {}
    tables: dict[str, dict[Any, Any]] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            target, value = node.target, node.value
        else:
            continue
        if isinstance(target, ast.Name):
            read = _dictionary(value, tables)
            if read:
                tables[target.id] = read
    return tables


def _dictionary(node: ast.expr, tables: dict[str, dict[Any, Any]]) -> dict[Any, Any]:
    """Evaluate ``{…, **OTHER}``, ``f([(k, v), …])``, ``f(k=v, …)``, leaving out what is no literal.

    Names refer to tables read before. ``list(NAME.items())`` is understood as ``NAME``.
    """
    if isinstance(node, ast.Name):
        return tables.get(node.id, {})
    if isinstance(node, ast.Dict):
        out: dict[Any, Any] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                out.update(_dictionary(value, tables))
            else:
                out.update(_pair(key, value))
        return out
    if isinstance(node, ast.List | ast.Tuple):
        out = {}
        for element in node.elts:
            if isinstance(element, ast.Starred):
                out.update(_dictionary(element.value, tables))
            elif isinstance(element, ast.Tuple) and len(element.elts) == 2:
                out.update(_pair(element.elts[0], element.elts[1]))
        return out
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr == "items":
            return _dictionary(node.func.value, tables)
        out = {}
        for argument in node.args:
            out.update(_dictionary(argument, tables))
        for keyword in node.keywords:
            if keyword.arg is not None:
                out.update(_pair(ast.Constant(keyword.arg), keyword.value))
        return out
    return {}


def _pair(key: ast.expr, value: ast.expr) -> dict[Any, Any]:
    try:
        return {ast.literal_eval(key): ast.literal_eval(value)}
    except ValueError:
        return {}
