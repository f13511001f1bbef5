"""Opening what turns pictures into a model's inputs: its processor, with or without torchvision.

Without torchvision transformers prepares still pictures by Pillow, but cannot load a *video*
processor, and with it refuses the whole processor of models that see both (Qwen2-VL and later).
Questions here show stills, so such a processor is put together without its video part.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.errors import EnvironmentProblem

_VIDEO = "video_processor"


def load_processor(path: Path, *, trust_remote_code: bool = False) -> Any:
    """The processor of a local model folder; its tokenizer has a padding token.

    Raises :class:`EnvironmentProblem` where the folder has none that this environment can load.
    """
    from transformers import AutoProcessor

    options = {"local_files_only": True, "trust_remote_code": trust_remote_code}
    try:
        try:
            processor = AutoProcessor.from_pretrained(path, **options)
        except ImportError:
            processor = _without_video(path, options)
    except Exception as error:  # processors of all makes raise all there is
        raise EnvironmentProblem(
            f"The processor of pictures in {path} cannot be loaded ({_first_line(error)})."
        ) from error
    if not hasattr(processor, "image_processor") or not hasattr(processor, "tokenizer"):
        raise EnvironmentProblem(
            f"{path} has no processor of pictures (preprocessor_config.json, processor_config.json)"
            ": copy the files of the model that belong to it."
        )
    tokenizer = processor.tokenizer
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return processor


def _without_video(path: Path, options: dict[str, Any]) -> Any:
    """The model's own processor class, made of its image processor and tokenizer alone.

    Raises :class:`ImportError` again where it is not the video part that is missing.
    """
    from transformers import AutoConfig, AutoImageProcessor, AutoTokenizer
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING
    from transformers.utils import is_torchvision_available

    config = AutoConfig.from_pretrained(path, **options)
    own = PROCESSOR_MAPPING.get(type(config), None)
    if is_torchvision_available() or own is None or _VIDEO not in own.get_attributes():
        raise ImportError(f"the processor of a {config.model_type} needs a package that is missing")
    stills: Any = type(own.__name__, (_WithoutVideo, own), {})
    made = {
        "image_processor": AutoImageProcessor.from_pretrained(path, **options),
        "tokenizer": AutoTokenizer.from_pretrained(path, **options),
        _VIDEO: None,
    }
    settings, _ = own.get_processor_dict(path, local_files_only=True)
    return stills.from_args_and_dict([made[name] for name in own.get_attributes()], settings)


class _WithoutVideo:
    """Mixed in before a processor class: its video part may be None."""

    def check_argument_for_proper_class(self, name: str, argument: Any) -> Any:
        if name == _VIDEO and argument is None:
            return type(None)
        check = super().check_argument_for_proper_class  # type: ignore[misc]
        return check(name, argument)


def _first_line(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0].rstrip(".:")[:200]
