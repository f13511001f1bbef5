"""What is done about DeepSpeed's compiled operation and the lock a killed builder leaves."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.errors import EnvironmentProblem
from core.parallel import cpu_ops
from core.parallel.cpu_ops import OP, extensions_dir, prebuild_cpu_ops, remove_stale_lock

#: Takes torch's lock as a builder does, and holds it.
_HOLD = (
    "import sys, time; from torch.utils.file_baton import FileBaton; "
    "assert FileBaton(sys.argv[1]).try_acquire(); print('held', flush=True); time.sleep(60)"
)


def test_the_folder_is_in_the_cache_and_names_the_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setenv("EQUIPOISE_CACHE", str(tmp_path))
    folder = extensions_dir()
    assert folder.is_relative_to(tmp_path)
    assert torch.__version__ in folder.name


def test_a_lock_is_removed_only_when_its_builder_is_gone(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    assert not remove_stale_lock(lock)
    builder = subprocess.Popen([sys.executable, "-c", _HOLD, str(lock)], stdout=subprocess.PIPE)
    try:
        assert builder.stdout is not None
        assert builder.stdout.readline() == b"held\n"
        assert not remove_stale_lock(lock)
        assert lock.exists()
    finally:
        builder.kill()
        builder.wait()
    assert lock.exists()
    assert remove_stale_lock(lock)
    assert not lock.exists()


def test_a_build_happens_once_and_a_stale_lock_does_not_stop_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / OP).mkdir()
    (tmp_path / OP / "lock").touch()
    script = (
        "import os, pathlib; p = pathlib.Path(os.environ['TORCH_EXTENSIONS_DIR']); "
        f"assert not (p / {OP!r} / 'lock').exists(); "
        "(p / 'builds').open('a').write(os.environ['DS_ACCELERATOR'] + ' ')"
    )
    monkeypatch.setattr(cpu_ops, "_BUILD", script)
    for _ in range(2):
        assert prebuild_cpu_ops(tmp_path) == tmp_path / OP
    assert (tmp_path / "builds").read_text() == "cpu "


def test_a_failed_build_says_why_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cpu_ops, "_BUILD", "raise RuntimeError('no g++ here')")
    for _ in range(2):
        with pytest.raises(EnvironmentProblem, match=r"compiled: RuntimeError: no g\+\+ here\. In"):
            prebuild_cpu_ops(tmp_path)
    monkeypatch.setattr(cpu_ops, "_BUILD", "import time; time.sleep(60)")
    start = time.monotonic()
    with pytest.raises(EnvironmentProblem, match="more than 1 s"):
        prebuild_cpu_ops(tmp_path, timeout=1)
    assert time.monotonic() - start < 10


@pytest.mark.parallel
@pytest.mark.skipif(sys.platform != "linux", reason="DeepSpeed builds it on Linux alone")
def test_the_real_operation_is_there_after_the_build() -> None:
    pytest.importorskip("deepspeed")
    target = prebuild_cpu_ops()
    assert (target / f"{OP}.so").stat().st_size > 10_000
    assert not (target / "lock").exists()
    assert os.access(target / f"{OP}.so", os.R_OK)
