"""Choose an engine and load a resolved model with it."""

from __future__ import annotations

import importlib.util
import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from core.errors import EnvironmentProblem, UsageProblem
from core.models.base import Backend
from core.models.chat_formats import fallback_template
from core.models.folder import read_json
from core.models.quiet import no_progress_bars
from core.models.resolve import ResolvedModel
from core.models.vision import folder_takes_images, needs_torchvision, takes_images

BACKENDS = ("auto", "vllm", "transformers", "openai")
#: Audit prompts are short: a longer context would only reserve memory.
_CONTEXT = 2048
#: With room for a picture, which is up to some two thousand tokens.
_PICTURE_CONTEXT = 4096


def choose_backend(model: ResolvedModel, backend: str) -> str:
    """The engine's name. Raises where the wish and the model do not go together."""
    if backend not in BACKENDS:
        raise UsageProblem(f"There is no backend '{backend}'. Choose one of {', '.join(BACKENDS)}.")
    if model.source == "server":
        if backend not in ("auto", "openai"):
            raise UsageProblem(f"{model.name} is a server: it runs by --backend openai alone.")
        return "openai"
    if backend == "openai":
        raise UsageProblem(
            f"--backend openai needs a server: name the model openai:NAME@URL, not {model.name}."
        )
    if backend == "auto":
        vllm = importlib.util.find_spec("vllm") is not None
        return "vllm" if vllm and not _lacks_torchvision(model) else "transformers"
    if importlib.util.find_spec(backend) is None:
        raise EnvironmentProblem(
            f"The package {backend} is not installed here; see `audit doctor` for what to install."
        )
    return backend


def _lacks_torchvision(model: ResolvedModel) -> bool:
    """Whether vLLM would fail on this model for want of torchvision, which a CPU may do without."""
    if model.path is None or importlib.util.find_spec("torchvision") is not None:
        return False
    config = model.path / "config.json"
    return config.is_file() and needs_torchvision(read_json(config))


def load_backend(
    model: ResolvedModel,
    *,
    backend: str = "auto",
    adapter: Path | None = None,
    trust_remote_code: bool = False,
    debug: bool = False,
) -> Backend:
    """Load ``model``. Raises :class:`EnvironmentProblem` in one or two sentences if it cannot."""
    chosen = choose_backend(model, backend)
    if adapter is not None and not (adapter / "adapter_config.json").is_file():
        raise EnvironmentProblem(
            f"{adapter} is no LoRA adapter: there is no adapter_config.json in it."
        )
    if chosen == "openai":
        if adapter is not None:
            raise UsageProblem("--adapter cannot be loaded into a server; serve the adapter there.")
        from core.models.openai_backend import OpenAIBackend

        assert model.server_url is not None
        name = model.name.removeprefix("openai:").rsplit("@", 1)[0]
        return OpenAIBackend(name, model.server_url)
    assert model.path is not None
    template = fallback_template(model.chat_format) if model.chat_format else None
    if chosen == "vllm":
        from core.models.vllm_backend import VllmBackend

        return VllmBackend(
            model.path,
            fallback_template=template,
            fallback_name=model.chat_format or "",
            adapter=adapter,
            max_model_len=context_length(model),
            trust_remote_code=trust_remote_code,
            debug=debug,
        )
    with nullcontext() if debug else no_progress_bars():
        return _load_transformers(model, template, adapter, trust_remote_code)


def _load_transformers(
    model: ResolvedModel, template: str | None, adapter: Path | None, trust_remote_code: bool
) -> Backend:
    from core.models.chat import ChatRenderer
    from core.models.image_prompts import PicturePrompts, picture_renderer
    from core.models.processors import load_processor
    from core.models.transformers_backend import TransformersBackend

    assert model.path is not None
    fallback = template, model.chat_format or ""
    pictures, why_none = None, ""
    if folder_takes_images(model.path):
        try:
            processor = load_processor(model.path, trust_remote_code=trust_remote_code)
        except EnvironmentProblem as problem:
            # Its words can be audited all the same.
            why_none = str(problem)
        else:
            pictures = PicturePrompts(processor, picture_renderer(processor, *fallback))
    renderer = (
        pictures.renderer
        if pictures
        else ChatRenderer(_tokenizer(model.path, trust_remote_code), *fallback)
    )
    return TransformersBackend(
        model.path,
        renderer=renderer,
        pictures=pictures,
        why_no_pictures=why_none,
        adapter=adapter,
        max_context=model.max_context,
        trust_remote_code=trust_remote_code,
    )


def _tokenizer(path: Path, trust_remote_code: bool) -> Any:
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(
            path, trust_remote_code=trust_remote_code, local_files_only=True
        )
    except Exception as error:
        raise EnvironmentProblem(
            f"The tokenizer in {path} cannot be loaded ({_first_line(error)})."
        ) from error


def context_length(model: ResolvedModel) -> int:
    """Tokens to load the model with: what an audit needs, at most what the model was made for."""
    assert model.path is not None
    config: dict[str, Any] = json.loads((model.path / "config.json").read_text())
    own = config.get("max_position_embeddings") or (config.get("text_config") or {}).get(
        "max_position_embeddings"
    )
    wanted = _PICTURE_CONTEXT if takes_images(config) else _CONTEXT
    limits = [wanted, *(int(n) for n in (own, model.max_context) if n)]
    return min(limits)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
