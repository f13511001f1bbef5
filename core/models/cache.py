"""The user's cache folder, and how something expensive is built into it exactly once.

A folder under its final name is always complete: it is built beside it under a temporary name and
renamed, which is atomic on one file system. A process killed while building leaves only a
temporary folder, which the next builder removes.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from core.errors import EnvironmentProblem

#: Environment variable that moves the cache.
CACHE_VARIABLE = "EQUIPOISE_CACHE"

#: What a disk says when it will not take a file; any other OSError is the builder's own.
_DISK_ERRORS = (
    errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST,
)  # fmt: skip


def cache_root() -> Path:
    """``$EQUIPOISE_CACHE``, else ``$XDG_CACHE_HOME/equipoise``, else ``~/.cache/equipoise``."""
    if own := os.environ.get(CACHE_VARIABLE):
        return Path(own).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base).expanduser() if base else Path.home() / ".cache") / "equipoise"


def build_once(target: Path, build: Callable[[Path], None]) -> Path:
    """Return ``target``, built by ``build(empty temporary folder)`` if it is not there yet.

    Two processes asking for the same target wait for one another. ``build`` may raise; nothing is
    left under the final name then. A full or read-only disk is an :class:`EnvironmentProblem`.
    """
    if target.is_dir():
        return target
    # Imported here: a cache hit must not pay for it.
    from filelock import FileLock

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.parent / f".{target.name}.lock"):
            if target.is_dir():
                return target
            # Whoever held the lock before us is gone: what it left unfinished is rubbish.
            for stale in target.parent.glob(f".{target.name}.tmp-*"):
                shutil.rmtree(stale, ignore_errors=True)
            scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}.tmp-", dir=target.parent))
            try:
                build(scratch)
                # mkdtemp makes it private; a cache may be shared by the users of a machine.
                scratch.chmod(0o755)
                scratch.rename(target)
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
    except OSError as error:
        if error.errno not in _DISK_ERRORS:
            raise
        raise _disk_problem(target, error) from error
    return target


def _disk_problem(target: Path, error: OSError) -> EnvironmentProblem:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return EnvironmentProblem(
            f"The disk is full: {target} could not be written. "
            f"Free some space or set {CACHE_VARIABLE} to a folder on another disk."
        )
    return EnvironmentProblem(
        f"The cache folder {target.parent} cannot be used ({error.strerror or error}). "
        f"Set {CACHE_VARIABLE} to a folder you can write to."
    )
