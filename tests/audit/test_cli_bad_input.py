"""What a user can get wrong, through the real command line: told in a sentence, nothing lost."""

from __future__ import annotations

import resource
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.audit.run_cases import AUDIT, ROOT, answered, audit, environment, words
from tests.audit.server_cases import problem


def _without_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def _pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def _one_byte_short(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])


def _garbled_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text('{"version": "1.0", "model": nonsense}')


def _weights_of_another_size(folder: Path) -> None:
    from tests.core.tiny_models import make_model

    make_model(hidden_size=16).save_pretrained(folder / "other")
    (folder / "other" / "model.safetensors").replace(folder / "model.safetensors")


@pytest.fixture
def copy(tiny: Path, tmp_path: Path) -> Path:
    """A copy of the tiny model that may be harmed."""
    return Path(shutil.copytree(tiny, tmp_path / "model"))


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (_without_tokenizer, "no tokenizer"),
        (_pickled, "only pickled weights"),
        (_one_byte_short, "model.safetensors is truncated"),
        (_garbled_tokenizer, "tokenizer in"),
        (_weights_of_another_size, "do not fit config.json"),
    ],
)
def test_a_broken_folder_is_told_by_name(
    copy: Path, tmp_path: Path, harm: Callable[[Path], None], told: str
) -> None:
    harm(copy)
    done = audit(*words(copy, tmp_path / "run", "--limit", "4"))
    assert done.returncode == 3, done.stderr
    message = problem(done.stderr)
    assert told in message
    assert str(copy) in message
    assert not done.stdout
    assert not (tmp_path / "run" / "results.json").exists()


@pytest.mark.vllm
@pytest.mark.parametrize("harm", [_garbled_tokenizer, _weights_of_another_size])
def test_a_folder_that_vllm_cannot_load_is_told_by_name(
    copy: Path, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    pytest.importorskip("vllm.version")
    harm(copy)
    done = audit("run", str(copy), "--limit", "4", "--out", str(tmp_path / "run"), timeout=300)
    assert done.returncode == 3, done.stderr
    assert str(copy) in problem(done.stderr)


def test_a_gguf_cut_short_is_told_by_name(tmp_path: Path) -> None:
    from core.models.packaged import packaged_gguf

    cut, cache = tmp_path / "cut.gguf", tmp_path / "cache"
    with packaged_gguf().open("rb") as whole:
        cut.write_bytes(whole.read(30_000_000))
    done = audit(*words(cut, tmp_path / "run"), EQUIPOISE_CACHE=str(cache))
    assert done.returncode == 3, done.stderr
    assert f"{cut} is truncated" in problem(done.stderr)
    assert not cache.exists()


def _limited(arguments: list[str], size: int) -> subprocess.CompletedProcess[str]:
    """The command line on a disk where no file grows beyond ``size`` bytes."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    return subprocess.run(
        [str(AUDIT), *arguments], cwd=ROOT, env=environment(), timeout=120,
        capture_output=True, text=True, check=False, preexec_fn=limit,
    )  # fmt: skip


@pytest.fixture(scope="module")
def whole(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that nothing disturbed; never written to."""
    out = tmp_path_factory.mktemp("whole") / "run"
    done = audit(*words(tiny, out, "--limit", "16"))
    assert done.returncode == 0, done.stderr
    return out


@pytest.mark.parametrize("size", [1_000, 70_000])
def test_a_disk_that_fills_up_while_asking(
    tiny: Path, whole: Path, tmp_path: Path, size: int
) -> None:
    out = tmp_path / "run"
    done = _limited(words(tiny, out, "--limit", "16"), size)
    assert done.returncode == 3, done.stderr
    message = problem(done.stderr)
    assert f"{out} cannot be written" in message
    assert "free some space" in message
    kept = answered(out)
    assert kept < answered(whole)
    assert (kept > 0) == (size > 1_000)
    done = audit(*words(tiny, out, "--limit", "16"))
    assert done.returncode == 0, done.stderr
    assert (f"Resuming: {kept} of" in done.stderr) == (kept > 0)
    assert (out / "results.json").read_bytes() == (whole / "results.json").read_bytes()


def test_a_disk_that_fills_up_while_reporting(tiny: Path, whole: Path, tmp_path: Path) -> None:
    name = "report.html"  # the largest file of all
    out = Path(shutil.copytree(whole, tmp_path / "run"))
    (out / name).unlink()
    done = _limited(words(tiny, out, "--limit", "16"), (whole / name).stat().st_size - 1)
    assert done.returncode == 3, done.stderr
    assert name in problem(done.stderr)
    assert answered(out) == answered(whole)
    done = audit(*words(tiny, out, "--limit", "16"))
    assert done.returncode == 0, done.stderr
    assert "Loading" not in done.stderr
    assert (out / "results.json").read_bytes() == (whole / "results.json").read_bytes()
    assert {p.name for p in out.iterdir()} == {p.name for p in whole.iterdir()}


def test_a_run_folder_that_cannot_be_made(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for out, code in ((tmp_path / "file", 2), (tmp_path / "file" / "run", 3)):
        done = audit(*words(tiny, out))
        assert done.returncode == code, done.stderr
        assert str(out) in problem(done.stderr)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.fixture
def finished(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "run"))


def test_a_journal_of_another_version(tiny: Path, finished: Path) -> None:
    with sqlite3.connect(finished / "journal.sqlite") as db:
        db.execute("UPDATE meta SET value = '99' WHERE name = 'schema_version'")
    db.close()
    done = audit(*words(tiny, finished, "--limit", "16"))
    assert done.returncode == 3, done.stderr
    message = problem(done.stderr)
    assert str(finished) in message
    assert "another version" in message
    assert "--no-resume" in message
    assert audit(*words(tiny, finished, "--limit", "16", "--no-resume")).returncode == 0


def test_a_journal_of_another_model(finished: Path, tmp_path: Path) -> None:
    from tests.core.tiny_models import save_model

    before = (finished / "results.json").read_bytes()
    other = save_model(tmp_path / "other", seed=1)
    done = audit(*words(other, finished, "--limit", "16"))
    assert done.returncode == 2, done.stderr
    message = problem(done.stderr)
    assert "belongs to another run (model" in message
    assert str(finished) in message
    assert (finished / "results.json").read_bytes() == before
