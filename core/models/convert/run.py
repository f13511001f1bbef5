"""Converts a legacy folder once, into the cache, and finds it there the next time."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from core.errors import EnvironmentProblem
from core.models.cache import build_once
from core.models.convert import baichuan, internlm1, qwen1
from core.models.convert.common import ConvertedModel, Recipe

#: Raised when the output changes, so that what an older version left in the cache is not used.
VERSION = 1
RECORD = "conversion.json"


class Family(NamedTuple):
    """A legacy architecture: can it be converted, how, and which of its tokenizers is written."""

    why_not: Callable[[Mapping[str, Any]], str | None]
    recipe: Callable[[Mapping[str, Any]], Recipe]
    tiktoken: bool = False
    end_of_answer: str | None = None


_BAICHUAN = Family(baichuan.why_not, baichuan.recipe)
FAMILIES: Mapping[str, Family] = {
    qwen1.ARCHITECTURE: Family(qwen1.why_not, qwen1.recipe, tiktoken=True),
    internlm1.ARCHITECTURE: Family(
        internlm1.why_not, internlm1.recipe, end_of_answer=internlm1.END_OF_ANSWER
    ),
    **dict.fromkeys(baichuan.ARCHITECTURES, _BAICHUAN),
}


def family_of(config: Mapping[str, Any]) -> Family | None:
    """The legacy family a config.json belongs to, or None for every other model."""
    for architecture in config.get("architectures") or ():
        if architecture in FAMILIES:
            return FAMILIES[architecture]
    return None


def is_legacy(config: Mapping[str, Any]) -> bool:
    """True for the architectures that current engines dropped and this package knows."""
    return family_of(config) is not None


def why_not(config: Mapping[str, Any]) -> str | None:
    """Why a legacy checkpoint cannot be converted, naming what runs instead; None where it can.

    A clause without a subject's name ("it reads images …"), for the caller's sentence.
    """
    family = family_of(config)
    if family is None:
        return "it is not of a legacy architecture"
    return family.why_not(config)


def convert(source: Path, cache_root: Path, *, shard_bytes: int | None = None) -> ConvertedModel:
    """Convert the checkpoint in ``source`` into ``cache_root/converted``, unless it is there.

    No more than ``shard_bytes`` of weights (1 GiB unless given) are held at once. Two processes
    asking for the same model wait for one another; one killed half-way leaves nothing under the
    final name. Raises :class:`EnvironmentProblem` for anything missing, damaged, of the wrong
    shape, pickled or not convertible.
    """
    from core.models.convert.tokenizer_files import optional_json
    from core.models.fingerprint import fingerprint_model, fingerprint_tokenizer
    from core.models.folder import check_folder, read_json

    config = check_folder(source)
    family = family_of(config)
    if family is None:
        raise EnvironmentProblem(
            f"{source} is of no legacy architecture ({config.get('architectures')}). "
            "Load it as it is."
        )
    if reason := family.why_not(config):
        raise EnvironmentProblem(f"{source} cannot be converted: {reason}.")
    origin = {
        "source_fingerprint": fingerprint_model(source),
        "source_tokenizer_fingerprint": fingerprint_tokenizer(source),
        "source_generation_config": optional_json(source / "generation_config.json"),
        "converter_version": VERSION,
    }
    target = cache_root / "converted" / _folder_name(origin)
    build_once(target, partial(_build, source, config, family, origin, shard_bytes))
    record = read_json(target / RECORD)
    return ConvertedModel(target, tuple(record["notes"]), record["max_context"])


def _folder_name(origin: Mapping[str, Any]) -> str:
    """The weights' fingerprint, then a short hash of whatever else decides the output."""
    weights = str(origin["source_fingerprint"]).rpartition(":")[2]
    rest = hashlib.sha256(repr(sorted(origin.items())).encode()).hexdigest()
    return f"{weights[:32]}-{rest[:8]}"


def _build(
    source: Path,
    config: Mapping[str, Any],
    family: Family,
    origin: Mapping[str, Any],
    shard_bytes: int | None,
    target: Path,
) -> None:
    from core.models.convert import shards, tokenizer_files

    recipe = family.recipe(config)
    with shards.LegacyWeights(source) as weights:
        weights.check(recipe.tensors, recipe.ignored)
        _check_space(target, sum(map(weights.nbytes, recipe.tensors)))
        # The tokenizer first: a fault in it shows before gigabytes are written.
        sizes = {"context": recipe.max_context, "vocabulary": recipe.config["vocab_size"]}
        if family.tiktoken:
            tokenizer_files.write_qwen(source, target, **sizes)
        else:
            tokenizer_files.write_sentencepiece(source, target, **sizes, end=family.end_of_answer)
        shards.write_shards(weights, recipe.tensors, target, shard_bytes or shards.SHARD_BYTES)
        dtype = weights.dtype(recipe.tensors[0].source)[1]
    generation = tokenizer_files.optional_json(target / "generation_config.json")
    tokenizer_files.write_json(
        target / "config.json", {**recipe.config, "dtype": dtype, **generation}
    )
    tokenizer_files.write_json(
        target / RECORD,
        {
            **origin,
            "source_architectures": config["architectures"],
            "max_context": recipe.max_context,
            "notes": recipe.notes,
        },
    )


def _check_space(target: Path, needed: int) -> None:
    free = shutil.disk_usage(target).free
    if needed > free:
        raise EnvironmentProblem(
            f"The disk is too full to convert the model: {target.parent} has {free / 1e9:.1f} GB "
            f"free and {needed / 1e9:.1f} GB are needed. Free some space or move the cache."
        )
