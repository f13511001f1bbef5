"""What an adapter goes on, for every architecture of the catalogue that transformers builds itself.

``python -m remediate.lora.families`` prints docs/adapter-targets.md. Each architecture is built
with its default configuration on torch's meta device, without weights; nothing is downloaded.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from core.models import catalogue
from remediate.lora.targets import linear_layers


@dataclass(frozen=True, slots=True)
class Family:
    """One architecture: how many catalogue names have it, what is adapted, and what is not.

    ``experts``: names of fused expert weights, which are no linear layers and stay as they are.
    ``problem``: why the architecture could not be built here, else "".
    """

    architecture: str
    names: int
    targets: tuple[str, ...] = ()
    experts: tuple[str, ...] = ()
    problem: str = ""


def families() -> list[Family]:
    """Every architecture of the catalogue that transformers has, by name."""
    counted = Counter(a for entry in catalogue.entries() for a in entry.architectures)
    known = _model_types()
    return [family(name, counted[name], known[name]) for name in sorted(counted) if name in known]


def family(architecture: str, names: int, model_type: str) -> Family:
    """One row; a default configuration that cannot be built gives its reason instead."""
    import torch
    import transformers

    try:
        config = transformers.AutoConfig.for_model(model_type)
        with torch.device("meta"):
            model = getattr(transformers, architecture)(config)
        targets = linear_layers(model)
    # Some defaults are mere stubs, each failing in its own way; the row says so.
    except Exception as error:
        return Family(architecture, names, problem=f"no default to build ({type(error).__name__})")
    experts = {
        path.rpartition(".")[2]
        for path, parameter in model.named_parameters()
        if parameter.dim() == 3 and "expert" in path
    }
    return Family(architecture, names, tuple(targets), tuple(sorted(experts)))


def _model_types() -> dict[str, str]:
    """Architecture → model type, of all language and image-text models transformers knows."""
    from transformers.models.auto import modeling_auto

    tables = (
        modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        modeling_auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
    )
    found: dict[str, str] = {}
    for table in tables:
        for model_type, names in table.items():
            for name in (names,) if isinstance(names, str) else names:
                found.setdefault(name, model_type)
    return found


def to_markdown(rows: list[Family]) -> str:
    """A table, with the versions that it holds for."""
    import transformers

    lines = [
        "# What an adapter goes on",
        "",
        "`python -m remediate.lora.families` makes this page: every architecture of the catalogue",
        "that transformers itself builds, made with its default configuration and no weights. At",
        "run time the names are read from the model that is loaded, so an architecture missing",
        "here, or one whose default cannot be built, is treated the same way. The output head,",
        "vision and audio towers and the routers of mixtures of experts never get an adapter.",
        "Where experts are fused into one tensor, PEFT has no linear layer to go on: they stay as",
        "they are, and only attention and shared layers are trained.",
        "",
        f"transformers {transformers.__version__}, {len(rows)} architectures.",
        "",
        "| architecture | catalogue names | linear layers adapted | fused experts, left alone |",
        "| --- | ---: | --- | --- |",
    ]
    for row in rows:
        targets = ", ".join(row.targets) or row.problem
        experts = ", ".join(row.experts) or "–"
        lines.append(f"| {row.architecture} | {row.names} | {targets} | {experts} |")
    return "\n".join(lines)


def main() -> None:
    print(to_markdown(families()))


if __name__ == "__main__":
    main()
