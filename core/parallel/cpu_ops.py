"""DeepSpeed's shared-memory collectives for CPUs, compiled once before anyone needs them.

DeepSpeed compiles ``deepspeed_shm_comm`` when a process group starts on a CPU: half a minute to
two minutes of g++, with all processes waiting on a file named ``lock``. A builder that is killed
leaves that file, and the next training waits for ever. So it is built here, by one process, and a
``lock`` that no living process holds open is removed first.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from core.errors import EnvironmentProblem
from core.models.cache import cache_root

OP = "deepspeed_shm_comm"

#: Written when a build has succeeded: a library that is there may be half linked.
_COMPLETE = ".complete"

_BUILD = (
    "from deepspeed.accelerator import get_accelerator; "
    "op = get_accelerator().create_op_builder('ShareMemCommBuilder'); "
    "op.load() if op.is_compatible() else print('not for this platform')"
)


def extensions_dir() -> Path:
    """Where compiled extensions go; a folder for each Python, torch and DeepSpeed version.

    torch loads whatever lies in ``TORCH_EXTENSIONS_DIR``: a library compiled against another torch
    would crash.
    """
    python = f"py{sys.version_info.major}{sys.version_info.minor}"
    versions = [f"{name}{_version(name)}" for name in ("torch", "deepspeed")]
    return cache_root() / "torch_extensions" / "-".join((python, *versions))


def prebuild_cpu_ops(folder: Path | None = None, *, timeout: float = 1800) -> Path:
    """Build the operation unless it is there; returns its folder.

    Processes that call this together wait for one another. Raises :class:`EnvironmentProblem`
    where it cannot be compiled (no g++, no ninja).
    """
    from filelock import FileLock

    root = folder or extensions_dir()
    target = root / OP
    if (target / _COMPLETE).is_file():
        # The mark is there, so no first build is under way; a later rebuild may have been killed.
        remove_stale_lock(target / "lock")
        return target
    root.mkdir(parents=True, exist_ok=True)
    with FileLock(root / f".{OP}.lock"):
        if (target / _COMPLETE).is_file():
            return target
        remove_stale_lock(target / "lock")
        environment = os.environ | {"TORCH_EXTENSIONS_DIR": str(root), "DS_ACCELERATOR": "cpu"}
        here = str(Path(sys.executable).parent)
        environment["PATH"] = os.pathsep.join((here, environment.get("PATH", os.defpath)))
        try:
            built = subprocess.run(
                [sys.executable, "-c", _BUILD],
                env=environment, timeout=timeout, capture_output=True, text=True, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise _cannot_build(f"it took more than {timeout:.0f} s") from error
        if built.returncode:
            raise _cannot_build(_reason(built.stderr + built.stdout))
        target.mkdir(exist_ok=True)
        (target / _COMPLETE).touch()
    return target


def remove_stale_lock(lock: Path) -> bool:
    """Remove torch's ``lock`` file if no living process of this machine holds it open.

    torch's ``FileBaton`` keeps the file open while it builds. Another user's file is left alone,
    because their processes cannot be looked into. Returns whether it was removed.
    """
    try:
        owner = lock.stat().st_uid
    except FileNotFoundError:
        return False
    if owner != os.getuid() or _open_somewhere(lock):
        return False
    lock.unlink(missing_ok=True)
    return True


def _open_somewhere(path: Path) -> bool:
    psutil: Any = importlib.import_module("psutil")
    wanted = str(path.resolve())
    for process in psutil.process_iter():
        try:
            if any(opened.path == wanted for opened in process.open_files()):
                return True
        except (psutil.AccessDenied, psutil.NoSuchProcess):
            continue
    return False


def _cannot_build(reason: str) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"DeepSpeed's {OP} cannot be compiled: {reason}. "
        "Install g++ and ninja, or use --parallel ddp or fsdp, which compile nothing."
    )


def _reason(output: str) -> str:
    from core.parallel.failure import last_meaningful_line

    return (last_meaningful_line(output) or "the compiler said nothing").rstrip(".")


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "0"
