"""From what the user typed to a folder that an engine can load.

Order: local folder or .gguf file → packaged model → local hub caches → Hugging Face → ModelScope.
A legacy checkpoint is converted on the way, once, into the cache.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.errors import EnvironmentProblem, UsageProblem
from core.models import catalogue, hubs
from core.models.cache import cache_root
from core.models.catalogue import CAUSAL_LM, CatalogueEntry
from core.models.folder import check_folder, read_json
from core.models.packaged import PACKAGED_ENTRY, PACKAGED_NAME, dequantised, packaged_model

HUBS = ("auto", "hf", "modelscope", "local")
SERVER_PREFIX = "openai:"
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)


@dataclass(frozen=True)
class ResolvedModel:
    """A model that is where it can be loaded.

    ``source`` is ``folder``, ``gguf``, ``packaged``, ``hf_cache``, ``huggingface``, ``modelscope``
    (its cache or a download) or ``server``. ``path`` holds config.json, safetensors and tokenizer,
    after any conversion (``None`` for a server). ``chat_format`` is the catalogue's name of the
    fallback for a tokenizer without a chat template (``None`` for base models). ``max_context``
    (tokens) caps a converted model. ``notes`` are shown to the user and kept in the manifest.
    """

    name: str
    source: str
    path: Path | None
    hub_id: str | None
    entry: CatalogueEntry | None
    chat_format: str | None
    server_url: str | None = None
    notes: tuple[str, ...] = ()
    max_context: int | None = None


def find_entry(name: str) -> CatalogueEntry | None:
    """The catalogue's (or the packaged model's) entry of a short name or hub id."""
    return PACKAGED_ENTRY if name.lower() == PACKAGED_NAME else catalogue.find(name)


def check_name(name: str) -> None:
    """Refuse at once, without network or heavy imports, what cannot become a model.

    Raises :class:`UsageProblem` for an empty name, a malformed server address or a model that
    gives no answers, :class:`EnvironmentProblem` for a missing file or an unknown name.
    """
    if not name.strip():
        raise UsageProblem("No model is named. Give a short name, a hub id, a folder or a server.")
    if name.startswith(SERVER_PREFIX):
        parse_server(name)
        return
    path = Path(name).expanduser()
    if path.exists():
        if path.is_file() and path.suffix.lower() != ".gguf":
            raise EnvironmentProblem(
                f"{name} is a file, but no .gguf. Give a .gguf file or the model's folder."
            )
        return
    entry = find_entry(name)
    if entry is not None:
        if entry.task != CAUSAL_LM:
            raise UsageProblem(
                f"{entry.short_name} is a {entry.task} model: it gives no answers that could be "
                "audited. Choose a model whose task is causal_lm (audit list models)."
            )
        return
    if name.startswith(("/", "./", "../", "~")) or name.lower().endswith(".gguf"):
        raise EnvironmentProblem(f"There is no file or folder {name}. Check the path.")
    if not _HUB_ID.fullmatch(name):
        raise _unknown(name)


def _unknown(name: str) -> EnvironmentProblem:
    near = catalogue.suggest(name, extra=(PACKAGED_NAME,))
    hint = f"Did you mean {', '.join(near)}?" if near else "See: audit list models."
    return EnvironmentProblem(f"No model is called {name!r}, and there is no such folder. {hint}")


def parse_server(name: str) -> tuple[str, str]:
    """``openai:NAME@URL`` → (model name, base address without a trailing slash)."""
    model, at, url = name.removeprefix(SERVER_PREFIX).rpartition("@")
    form = "Write openai:NAME@URL, for example openai:qwen2.5-7b@http://127.0.0.1:8000/v1."
    if not at or not model:
        raise UsageProblem(f"{name} names no served model. {form}")
    try:
        parts = urlsplit(url)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        port_is_valid = False
    if not port_is_valid or parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageProblem(f"{url!r} is no http(s) address. {form}")
    if parts.query or parts.fragment:
        raise UsageProblem(
            f"{url!r} has a query or a fragment, which a base address has not. {form}"
        )
    return model, url.rstrip("/")


def resolve(name: str, *, hub: str = "auto", trust_remote_code: bool = False) -> ResolvedModel:
    """Find the model, fetch it if need be, check that it is whole, convert it if it is legacy.

    ``hub``: ``auto`` tries every place, ``hf`` or ``modelscope`` one hub and its cache, ``local``
    no network. Code from a checkpoint is neither fetched nor accepted unless ``trust_remote_code``.
    """
    if hub not in HUBS:
        raise UsageProblem(f"There is no hub {hub!r}. Use --hub {', '.join(HUBS)}.")
    check_name(name)
    if name.startswith(SERVER_PREFIX):
        model, url = parse_server(name)
        return ResolvedModel(name, "server", None, model, None, None, server_url=url)
    path = Path(name).expanduser()
    if path.is_dir():
        return _ready(name, "folder", path.resolve(), None, None, trust_remote_code)
    if path.is_file():
        copy = dequantised(path.resolve())
        note = f"weights dequantised to fp32 from {path.name}"
        return _ready(name, "gguf", copy, None, None, trust_remote_code, (note,))
    entry = find_entry(name)
    if entry is PACKAGED_ENTRY:
        copy, note = packaged_model()
        return _ready(name, "packaged", copy, entry.hf_id, entry, trust_remote_code, (note,))
    source, hub_id, found = _from_hubs(name, entry, hub, trust_remote_code)
    return _ready(name, source, found, hub_id, entry, trust_remote_code)


def _from_hubs(
    name: str, entry: CatalogueEntry | None, hub: str, trust_remote_code: bool
) -> tuple[str, str, Path]:
    """(source, hub id, folder) from the first place that has the whole model."""
    hf_id = entry.hf_id if entry else name
    ms_id = entry.ms_id if entry else name
    places: list[tuple[str, str | None, bool, Callable[[str], Path]]] = [
        ("hf_cache", hf_id, True, hubs.huggingface_cache),
        ("modelscope", ms_id, True, hubs.modelscope_cache),
        ("huggingface", hf_id, False, lambda i: hubs.huggingface(i, trust_remote_code)),
        ("modelscope", ms_id, False, lambda i: hubs.modelscope(i, trust_remote_code)),
    ]
    if hub == "local":
        places = [place for place in places if place[2]]
    elif hub != "auto":
        keep = {"hf": ("hf_cache", "huggingface"), "modelscope": ("modelscope",)}[hub]
        places = [place for place in places if place[0] in keep]
    reasons: list[str] = []
    for source, hub_id, cached, fetch in places:
        if hub_id is None:
            continue
        try:
            folder = fetch(hub_id)
            check_folder(folder)
        except hubs.NotThereError as miss:
            reasons.append(str(miss))
        except EnvironmentProblem as problem:
            # A cached copy that is not whole may be completed by a download.
            if not cached or hub == "local":
                raise
            reasons.append(str(problem).split(". ")[0])
        else:
            return source, hub_id, folder
    where = entry.short_name if entry else name
    near = [] if entry else catalogue.suggest(name)
    hint = f" Did you mean {', '.join(near)}?" if near else ""
    story = "; ".join(reasons) or f"the catalogue knows no id of it for --hub {hub}"
    raise EnvironmentProblem(
        f"{where} could not be found: {story}. Connect to a hub, or copy the model's folder to "
        f"this machine and give its path; {PACKAGED_NAME} needs no hub.{hint}"
    )


def _ready(
    name: str,
    source: str,
    path: Path,
    hub_id: str | None,
    entry: CatalogueEntry | None,
    trust_remote_code: bool,
    notes: tuple[str, ...] = (),
) -> ResolvedModel:
    """Check the folder and, for a legacy architecture, put its converted copy in its place."""
    from core.models import convert

    config = check_folder(path)
    chat_format = _fallback(entry, path, config)
    max_context = None
    if convert.is_legacy(config):
        why = convert.why_not(config)
        if why is not None:
            raise EnvironmentProblem(f"{name} cannot be run: {why}.")
        converted = convert.convert(path, cache_root())
        path, max_context = converted.path, converted.max_context
        notes = (*notes, *converted.notes)
    else:
        check_architecture(name, config, entry, trust_remote_code)
    return ResolvedModel(
        name, source, path, hub_id, entry, chat_format, notes=notes, max_context=max_context
    )


#: Chat format of a legacy checkpoint that is given as a folder, so that no name is known.
_LEGACY_FORMATS = {
    "QWenLMHeadModel": "qwen", "InternLMForCausalLM": "internlm",
    "BaichuanForCausalLM": "baichuan", "BaiChuanForCausalLM": "baichuan",
}  # fmt: skip


def _fallback(entry: CatalogueEntry | None, path: Path, config: dict[str, Any]) -> str | None:
    """The format for a tokenizer without a chat template; ``None`` for base models."""
    from core.models.chat_formats import fallback_format

    if entry is not None:
        return fallback_format(entry)
    architectures = config.get("architectures") or ()
    found = next((_LEGACY_FORMATS[a] for a in architectures if a in _LEGACY_FORMATS), None)
    if found == "qwen":
        # Qwen's own code decides so: base models are published with "raw" here.
        settings = path / "generation_config.json"
        raw = settings.is_file() and read_json(settings).get("chat_format") == "raw"
        return None if raw else found
    return found if found and "chat" in path.name.lower() else None


def _instead(entry: CatalogueEntry | None) -> str:
    from core.models.runnable import sibling

    near = sibling(entry) if entry else None
    return f" Use {near} instead." if near else ""


def check_architecture(
    name: str, config: dict[str, Any], entry: CatalogueEntry | None, trust_remote_code: bool
) -> None:
    """Refuse a model that no installed engine runs without code from the checkpoint."""
    from core.models.registries import installed

    known = installed()
    if trust_remote_code or not (known.vllm_installed or known.transformers_installed):
        return
    architectures = tuple(config.get("architectures") or ())
    auto_map = config.get("auto_map") or {}
    consent = "Read that code and add --trust-remote-code if you trust it"
    if architectures and known.backend_of(architectures) is None:
        what = f"{name} is a {' / '.join(architectures)}, which no installed engine has"
        if auto_map:
            raise EnvironmentProblem(
                f"{what}; it runs only by code that comes with it. {consent}.{_instead(entry)}"
            )
        raise EnvironmentProblem(
            f"{what}. Choose a name that audit list models --runnable shows.{_instead(entry)}"
        )
    if "AutoConfig" in auto_map and config.get("model_type") not in known.config_types:
        raise EnvironmentProblem(
            f"The configuration of {name} ({config.get('model_type')}) is read by code that comes "
            f"with it. {consent}."
        )
