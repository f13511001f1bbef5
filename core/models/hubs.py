"""Where a hub id is looked for: the two local caches, Hugging Face, ModelScope.

Each step gives a folder or raises :class:`NotThereError` with one clause saying why, so that the
caller can try the next and, at the end, tell the whole story in a sentence. Pickled weights are
never downloaded.
"""

from __future__ import annotations

import errno
import importlib.util
import os
from pathlib import Path

from core.errors import EnvironmentProblem

#: What a model folder needs: weights, configuration, tokenizer, chat template. No pickles.
WANTED = ["*.safetensors", "*.json", "*.txt", "*.model", "*.tiktoken", "*.jinja"]
#: Second copies of the same weights in layouts we do not read.
UNWANTED = ["original/*", "onnx/*", "openvino/*", "consolidated*.safetensors"]
#: Seconds to wait for a hub's first answer, so that a machine without network fails fast.
ANSWER_TIMEOUT = 5.0


class NotThereError(Exception):
    """This place does not give the model; the message is a clause without a full stop."""


def wanted(trust_remote_code: bool) -> list[str]:
    """File patterns to fetch; code only where the user asked for it to be trusted."""
    return [*WANTED, "*.py"] if trust_remote_code else list(WANTED)


def huggingface_cache(hub_id: str) -> Path:
    """The newest cached snapshot; no network."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    try:
        return Path(
            snapshot_download(
                hub_id, local_files_only=True, allow_patterns=WANTED, ignore_patterns=UNWANTED
            )
        )
    except (OSError, HFValidationError) as error:
        raise NotThereError("it is not in the local Hugging Face cache") from error


def modelscope_cache(hub_id: str) -> Path:
    """The folder of ModelScope's own cache (``$MODELSCOPE_CACHE``); no network, no package."""
    own = os.environ.get("MODELSCOPE_CACHE")
    root = Path(own).expanduser() if own else Path.home() / ".cache" / "modelscope" / "hub"
    owner, _, name = hub_id.partition("/")
    # ModelScope writes a dot in a name as three underscores on disk.
    for base in (root / "models", root, root / "hub" / "models"):
        for spelling in (name, name.replace(".", "___")):
            folder = base / owner / spelling
            if (folder / "config.json").is_file():
                return folder
    raise NotThereError("it is not in the local ModelScope cache")


def huggingface(hub_id: str, trust_remote_code: bool = False) -> Path:
    """Download (or complete) the snapshot; what cannot be had is told apart for the message."""
    from huggingface_hub import constants, errors, snapshot_download

    if constants.HF_HUB_OFFLINE:
        raise NotThereError("Hugging Face may not be asked (HF_HUB_OFFLINE is set)")
    try:
        return Path(
            snapshot_download(
                hub_id,
                allow_patterns=wanted(trust_remote_code),
                ignore_patterns=UNWANTED,
                etag_timeout=ANSWER_TIMEOUT,
            )
        )
    except errors.GatedRepoError as error:
        raise NotThereError(
            f"Hugging Face gates {hub_id}: accept its licence there and set HF_TOKEN"
        ) from error
    except (errors.RepositoryNotFoundError, errors.HFValidationError) as error:
        raise NotThereError(f"Hugging Face has no public repository {hub_id}") from error
    except (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled) as error:
        raise NotThereError("Hugging Face cannot be reached") from error
    except Exception as error:  # the HTTP stack below raises types of its own
        raise _failed("Hugging Face", error) from error


def modelscope(hub_id: str, trust_remote_code: bool = False) -> Path:
    """Download from ModelScope, where its package is installed."""
    if importlib.util.find_spec("modelscope") is None:
        raise NotThereError("ModelScope cannot be asked (run: pip install modelscope)")
    from modelscope import snapshot_download

    try:
        return Path(
            snapshot_download(
                hub_id, allow_patterns=wanted(trust_remote_code), ignore_patterns=UNWANTED
            )
        )
    except Exception as error:  # the package documents no error types
        raise _failed("ModelScope", error) from error


def _failed(hub: str, error: Exception) -> Exception:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return EnvironmentProblem(
            f"The disk is full: the download from {hub} stopped. "
            "Free some space or move the hub's cache (HF_HOME, MODELSCOPE_CACHE), and try again."
        )
    reason = str(error).strip().split("\n")[0][:160] or type(error).__name__
    return NotThereError(f"{hub} failed ({reason})")
