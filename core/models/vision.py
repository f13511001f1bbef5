"""Whether a model takes pictures, found out without loading or downloading anything.

Two steps, because a name tells more than nothing before a hub is asked, and a folder tells all:
:func:`check_name_takes_images` before a model is resolved, :func:`check_folder_takes_images` after.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import UsageProblem
from core.models.folder import read_json
from core.models.resolve import SERVER_PREFIX, ResolvedModel, find_entry

#: Modalities of the catalogue whose models read a still picture.
_MODALITIES = frozenset({"vision", "video", "omni"})
#: Where a config.json describes an image encoder or names the token that stands for a picture:
#: ``vq_config`` Chameleon and Emu3, ``visual`` the first Qwen-VL, ``mm_vision_tower`` the first
#: LLaVA, ``img_processor`` Phi-3-vision, ``image_token_id`` Fuyu.
_SIGNS = (
    "vq_config", "visual", "mm_vision_tower", "vision_tower", "img_processor",
    "image_token_id", "image_token_index",
)  # fmt: skip
#: Architectures whose config.json says nothing of pictures.
_ARCHITECTURES = frozenset({"MolmoForCausalLM"})
#: Models that see video too, and others whose pictures vLLM prepares with torchvision alone.
_VIDEO_SIGNS = ("video_token_id", "video_token_index")
_TORCHVISION_TYPES = frozenset({"llava", "smolvlm", "internvl"})


def takes_images(config: Mapping[str, Any]) -> bool:
    """Whether the model of this config.json reads pictures beside text.

    A ``vision_config`` decides by itself: families that have text-only members (Gemma 4) leave it
    empty there. Models that listen as well (Qwen-Omni) keep it in ``thinker_config``.
    """
    if "vision_config" in config:
        return bool(config["vision_config"])
    thinker = config.get("thinker_config")
    if isinstance(thinker, Mapping):
        return takes_images(thinker)
    if _ARCHITECTURES.intersection(config.get("architectures") or ()):
        return True
    return any(config.get(sign) not in (None, "", {}) for sign in _SIGNS)


def needs_torchvision(config: Mapping[str, Any]) -> bool:
    """Whether vLLM starts with this model only where torchvision is installed.

    transformers prepares its still pictures by Pillow (:mod:`core.models.processors`).
    """
    sees_video = any(config.get(sign) is not None for sign in _VIDEO_SIGNS)
    return takes_images(config) and (sees_video or config.get("model_type") in _TORCHVISION_TYPES)


def folder_takes_images(path: Path) -> bool:
    """:func:`takes_images` of a model's folder. Raises :class:`EnvironmentProblem` without one."""
    return takes_images(read_json(path / "config.json"))


def check_name_takes_images(name: str) -> None:
    """Refuse a model that is known to be text-only, before it is looked for or fetched.

    Decided by the catalogue's modality for its names and hub ids, by config.json for a local
    folder. A server is let through (it says so itself when it is asked), and so is a hub id that
    the catalogue does not know. Raises :class:`UsageProblem`.
    """
    if name.startswith(SERVER_PREFIX):
        return
    path = Path(name).expanduser()
    if path.is_dir():
        if (path / "config.json").is_file():
            check_folder_takes_images(path, name)
        return
    if path.is_file() or name.lower().endswith(".gguf"):
        raise _text_only(name)
    entry = find_entry(name)
    if entry is not None and entry.modality not in _MODALITIES:
        raise _text_only(entry.short_name)


def check_folder_takes_images(path: Path, name: str | None = None) -> None:
    """Refuse a text-only model by its config.json; ``name`` is what to call it.

    Raises :class:`UsageProblem`, or :class:`EnvironmentProblem` where there is no config.json.
    """
    if not folder_takes_images(path):
        raise _text_only(name or str(path))


def check_takes_images(name: str, resolved: ResolvedModel | None = None) -> None:
    """Both steps in one: by the name, and by the folder once there is one."""
    if resolved is None:
        check_name_takes_images(name)
    elif resolved.path is not None:
        check_folder_takes_images(resolved.path, name)


def _text_only(name: str) -> UsageProblem:
    return UsageProblem(
        f"{name} reads text alone, and this asks about pictures: choose a vision-language model "
        "(audit list models --modality vision)."
    )
