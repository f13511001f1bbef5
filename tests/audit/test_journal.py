"""The journal: whole batches survive anything, and nobody else's answers get in."""

from __future__ import annotations

import math
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.journal import FILE_NAME, Journal
from core.errors import EnvironmentProblem, UsageProblem

IDENTITY = {
    "model": "sha256:aa",
    "suites": [["occupations", "1.0"]],
    "seed": 0,
    "langs": ["en"],
    "limit": None,
    "samples": 4,
    "backend": "transformers",
}
BATCH = 8


def batch(number: int) -> list[tuple[str, str, dict[str, object]]]:
    return [(f"{number}/{i}", "generation", {"text": "x" * 200, "n": i}) for i in range(BATCH)]


def run_python(code: str, *args: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def test_answers_come_back_in_order_of_arrival(tmp_path: Path) -> None:
    path = tmp_path / "run" / FILE_NAME
    with Journal(path, IDENTITY) as journal:
        assert journal.answered() == set()
        assert journal.commit([("b", "score", {"logprobs": [[-1.5, math.nan]]})]) == 1
        assert journal.commit([("a", "generation", {"text": "她 \ud800 </script>"})]) == 1
    with Journal(path, IDENTITY) as journal:
        assert journal.answered() == {"a", "b"}
        first, second = journal.rows()
        assert (first.key, first.kind) == ("b", "score")
        assert first.payload["logprobs"][0][0] == -1.5
        assert math.isnan(first.payload["logprobs"][0][1])
        assert second.payload == {"text": "她 \ud800 </script>"}


def test_first_answer_wins(tmp_path: Path) -> None:
    with Journal(tmp_path / FILE_NAME, IDENTITY) as journal:
        journal.commit([("k", "generation", {"text": "first"})])
        again = [("k", "generation", {"text": "second"}), ("l", "generation", {"text": "new"})]
        assert journal.commit(again) == 1
        assert [r.payload["text"] for r in journal.rows()] == ["first", "new"]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.text(max_size=3), max_size=5), max_size=6))
def test_any_batches_leave_each_key_once_with_its_first_answer(batches: list[list[str]]) -> None:
    expected: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        with Journal(Path(folder) / FILE_NAME, IDENTITY) as journal:
            for number, keys in enumerate(batches):
                keys = [k.encode("utf-8", "ignore").decode() for k in keys]
                journal.commit([(k, "generation", {"batch": number}) for k in keys])
                for key in keys:
                    expected.setdefault(key, number)
        with Journal(Path(folder) / FILE_NAME, IDENTITY) as journal:
            assert {r.key: r.payload["batch"] for r in journal.rows()} == expected
            assert journal.answered() == expected.keys()


def test_a_failing_batch_leaves_nothing(tmp_path: Path) -> None:
    with Journal(tmp_path / FILE_NAME, IDENTITY) as journal:
        with pytest.raises(sqlite3.IntegrityError):
            journal.commit([("a", "generation", {}), ("b", None, {})])  # type: ignore[list-item]
        with pytest.raises(TypeError):
            journal.commit([("a", "generation", {}), ("b", "generation", {"text": object()})])
        assert journal.answered() == set()
        assert journal.commit([("a", "generation", {})]) == 1


KILLED = """
    import sys
    from pathlib import Path
    from audit.journal import Journal
    from tests.audit.test_journal import IDENTITY, batch
    journal = Journal(Path(sys.argv[1]), IDENTITY)
    number = len(journal.answered()) // 8
    while True:
        journal.commit(batch(number))
        print(number, flush=True)
        number += 1
"""


def test_kill_9_amid_commits_loses_no_committed_batch(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    reported = -1
    for attempt in range(4):
        process = run_python(KILLED, path)
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first, process.stderr.read() if process.stderr else ""
        time.sleep(0.05 + 0.07 * attempt)  # anywhere in the loop, a few hundred batches in
        process.send_signal(signal.SIGKILL)
        lines = [first, *process.communicate()[0].splitlines(keepends=True)]
        assert int(first) == reported + 1 or int(first) == reported + 2
        reported = int([line for line in lines if line.endswith("\n")][-1])
        with Journal(path, IDENTITY) as journal:
            counts: dict[int, int] = {}
            for row in journal.rows():
                number = int(row.key.split("/")[0])
                counts[number] = counts.get(number, 0) + 1
                assert row.payload["text"] == "x" * 200
        assert set(counts.values()) == {BATCH}, "a batch is there in part"
        # All that were reported, and at most the one committed but not yet reported.
        assert sorted(counts) == list(range(len(counts)))
        assert len(counts) - 1 in (reported, reported + 1)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"model": "sha256:bb"}, "model sha256:aa there, sha256:bb asked"),
        ({"seed": 1}, "seed 0 there, 1 asked"),
        ({"langs": ["en", "zh"]}, "langs"),
        ({"limit": 20}, "limit null there, 20 asked"),
        ({"adapter": "x"}, "adapter null there, x asked"),
    ],
)
def test_a_foreign_run_is_refused(tmp_path: Path, change: dict[str, object], named: str) -> None:
    path = tmp_path / FILE_NAME
    with Journal(path, IDENTITY) as journal:
        journal.commit(batch(0))
    with pytest.raises(UsageProblem) as caught:
        Journal(path, IDENTITY | change)
    assert named in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    with Journal(path, IDENTITY) as journal:  # the refusal let go of the lock and harmed nothing
        assert len(journal.answered()) == BATCH


def test_identity_survives_json(tmp_path: Path) -> None:
    Journal(tmp_path / FILE_NAME, {"langs": ("en", "zh")}).close()
    with Journal(tmp_path / FILE_NAME, {"langs": ["en", "zh"]}) as journal:
        assert journal.identity == {"langs": ["en", "zh"]}


def test_no_resume_starts_over_even_on_a_foreign_or_damaged_journal(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    with Journal(path, IDENTITY) as journal:
        journal.commit(batch(0))
    with Journal(path, IDENTITY | {"seed": 9}, resume=False) as journal:
        assert journal.answered() == set()
    path.write_bytes(b"no database" * 500)
    with Journal(path, IDENTITY, resume=False) as journal:
        assert journal.commit(batch(0)) == BATCH


def test_another_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    Journal(path, IDENTITY).close()
    with sqlite3.connect(path) as db:
        db.execute("UPDATE meta SET value = '99' WHERE name = 'schema_version'")
    db.close()
    with pytest.raises(EnvironmentProblem, match="schema 99"):
        Journal(path, IDENTITY)


def test_two_processes_do_not_share_a_run_folder(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    process = run_python(KILLED, path)
    assert process.stdout is not None
    process.stdout.readline()
    with pytest.raises(EnvironmentProblem, match="Another process"):
        Journal(path, IDENTITY)
    with pytest.raises(EnvironmentProblem, match="Another process"):
        Journal(path, IDENTITY, resume=False)  # above all it must not throw the journal away
    process.kill()
    process.communicate()
    with Journal(path, IDENTITY) as journal:  # a killed process leaves no lock behind
        assert len(journal.answered()) >= BATCH


@pytest.mark.parametrize("keep", [100, 5000, 0.5, 0.9])
def test_a_truncated_file_is_named(tmp_path: Path, keep: float) -> None:
    path = tmp_path / FILE_NAME
    with Journal(path, IDENTITY) as journal:
        for number in range(50):
            journal.commit(batch(number))
    size = path.stat().st_size
    os.truncate(path, keep if isinstance(keep, int) else int(size * keep))
    with pytest.raises(EnvironmentProblem) as caught:
        Journal(path, IDENTITY)
    assert str(path) in str(caught.value)
    assert "damaged" in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"<html>hello</html>" * 100, b"SQLite format 3\0" + b"\7" * 99]
)
def test_a_file_that_is_no_journal_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(EnvironmentProblem, match="damaged"):
        Journal(tmp_path / FILE_NAME, IDENTITY)


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE recipes (name TEXT)")
    db.close()
    with pytest.raises(EnvironmentProblem, match="damaged or no journal"):
        Journal(path, IDENTITY)


def test_a_payload_that_is_no_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    with Journal(path, IDENTITY) as journal:
        journal.commit(batch(0))
        journal._db.execute("UPDATE answers SET payload = '{' WHERE key = '0/3'")
        with pytest.raises(EnvironmentProblem, match="damaged"):
            list(journal.rows())


@pytest.fixture
def read_only_folder() -> Iterator[Path]:
    """A folder that this process may not write: root drops to another user for the test."""
    folder = Path(tempfile.mkdtemp())  # tmp_path lies under a folder that only its owner enters
    folder.chmod(0o555)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield folder
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_read_only_folder_is_named(read_only_folder: Path) -> None:
    for path in (read_only_folder / FILE_NAME, read_only_folder / "run" / FILE_NAME):
        with pytest.raises(EnvironmentProblem) as caught:
            Journal(path, IDENTITY)
        assert str(path.parent) in str(caught.value)
        assert "cannot be written" in str(caught.value)


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(EnvironmentProblem, match="cannot be written"):
        Journal(tmp_path / "run" / FILE_NAME, IDENTITY)


FULL_DISK = """
    import resource, signal, sys
    from pathlib import Path
    from audit.journal import Journal
    from core.errors import EnvironmentProblem
    from tests.audit.test_journal import IDENTITY, batch
    journal = Journal(Path(sys.argv[1]), IDENTITY)
    journal.commit(batch(0))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
    number = 1
    try:
        while number < 10_000:
            journal.commit(batch(number))
            number += 1
    except EnvironmentProblem as problem:
        print(number, problem)
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="no file size limit here")
def test_a_full_disk_is_named_and_keeps_what_was_committed(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    out, err = run_python(FULL_DISK, path).communicate(timeout=60)
    assert not err
    number, _, message = out.partition(" ")
    assert "cannot be written" in message
    assert str(tmp_path) in message
    with Journal(path, IDENTITY) as journal:
        assert len(journal.answered()) == int(number) * BATCH
