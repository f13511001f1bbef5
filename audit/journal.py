"""Every answered request, on disk as it arrives: what makes a killed run resume.

One SQLite file in the run folder. A batch is one transaction, so whatever kills the process
leaves whole batches. WAL with ``synchronous=NORMAL`` survives a killed process entirely; a power
cut may take the last few batches (they are asked again) but leaves the file sound
(https://www.sqlite.org/wal.html, "Performance Considerations").
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from filelock import FileLock, Timeout

from core.errors import EnvironmentProblem, UsageProblem

JOURNAL_SCHEMA_VERSION = 1
FILE_NAME = "journal.sqlite"

_TABLES = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    # The implicit rowid keeps the order of arrival.
    "CREATE TABLE answers (key TEXT PRIMARY KEY, kind TEXT NOT NULL, payload TEXT NOT NULL)",
)


class Row(NamedTuple):
    """One answered request. ``kind`` says how to read ``payload`` (a JSON object)."""

    key: str
    kind: str
    payload: dict[str, Any]


class Journal:
    """The journal of one run; open at most once at a time, on this machine.

    ``path`` is the file (its folder is made); ``identity`` is all that two runs must share for
    their answers to be mixed: the model's fingerprint, suites and versions, seed, languages,
    limit, samples, backend. It is JSON-ready, and kept when the journal is made.

    With ``resume`` off an existing journal is thrown away first, whatever it holds.

    Raises :class:`UsageProblem` where the journal is of a run with another identity, and
    :class:`EnvironmentProblem` where it is in use, damaged, of another version of this program,
    or cannot be written.
    """

    def __init__(self, path: Path, identity: Mapping[str, Any], *, resume: bool = True) -> None:
        self.path = path
        # Through JSON and back, so that tuples compare as the lists they become on disk.
        self.identity: dict[str, Any] = json.loads(json.dumps(identity))
        self._lock = FileLock(str(path) + ".lock")
        with self._problems():
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.acquire(timeout=0)
            except Timeout:
                raise EnvironmentProblem(
                    f"Another process is at work in the run folder {path.parent}: wait for it to "
                    "end, or choose another folder with --out."
                ) from None
        try:
            with self._problems():
                if not resume:
                    self._discard()
                self._db = sqlite3.connect(path, isolation_level=None)
            try:
                self._open()
            except BaseException:
                self._db.close()
                raise
        except BaseException:
            self._lock.release()
            raise

    def _discard(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    def _open(self) -> None:
        with self._problems():
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            if self._db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise self._damaged()
            tables = {name for (name,) in self._db.execute("SELECT name FROM sqlite_master")}
            if not tables:
                self._create()
                return
            if not {"meta", "answers"} <= tables:
                raise self._damaged()
            meta = dict(self._db.execute("SELECT name, value FROM meta"))
        if meta.get("schema_version") != str(JOURNAL_SCHEMA_VERSION):
            raise EnvironmentProblem(
                f"The run folder {self.path.parent} was written by another version of this program "
                f"(journal schema {meta.get('schema_version')}, here {JOURNAL_SCHEMA_VERSION}): "
                "choose another folder with --out, or start it over with --no-resume."
            )
        self._check_identity(meta.get("identity", "{}"))

    def _create(self) -> None:
        with self._transaction():
            for table in _TABLES:
                self._db.execute(table)
            self._db.executemany(
                "INSERT INTO meta VALUES (?, ?)",
                [
                    ("schema_version", str(JOURNAL_SCHEMA_VERSION)),
                    ("identity", json.dumps(self.identity, sort_keys=True)),
                ],
            )

    def _check_identity(self, stored_text: str) -> None:
        try:
            stored = dict(json.loads(stored_text))
        except (ValueError, TypeError):
            raise self._damaged() from None
        names = [*self.identity, *(name for name in stored if name not in self.identity)]
        other = [name for name in names if stored.get(name) != self.identity.get(name)]
        if other:
            differences = ", ".join(
                f"{name} {_short(stored.get(name))} there, {_short(self.identity.get(name))} asked"
                for name in other
            )
            raise UsageProblem(
                f"The run folder {self.path.parent} belongs to another run ({differences}): "
                "choose another folder with --out, or start it over with --no-resume."
            )

    def answered(self) -> set[str]:
        """Keys of all answered requests."""
        with self._problems():
            return {key for (key,) in self._db.execute("SELECT key FROM answers")}

    def commit(self, batch: Iterable[tuple[str, str, Mapping[str, Any]]]) -> int:
        """Add (key, kind, payload) triples in one transaction: all of them or none.

        A key that is already answered keeps its first answer. Payloads may hold NaN. Returns how
        many answers were new.
        """
        rows = [(key, kind, json.dumps(payload)) for key, kind, payload in batch]
        with self._problems(), self._transaction():
            before = self._db.total_changes
            self._db.executemany(
                "INSERT INTO answers VALUES (?, ?, ?) ON CONFLICT (key) DO NOTHING", rows
            )
            return self._db.total_changes - before

    def rows(self) -> Iterator[Row]:
        """All answers in the order of arrival."""
        with self._problems():
            cursor = self._db.execute("SELECT key, kind, payload FROM answers ORDER BY rowid")
            while chunk := cursor.fetchmany(1000):
                for key, kind, text in chunk:
                    try:
                        payload = json.loads(text)
                    except ValueError:
                        raise self._damaged() from None
                    yield Row(key, kind, payload)

    def close(self) -> None:
        """Fold the write-ahead log into the file and let others in; harmless when called twice."""
        try:
            self._db.close()
        finally:
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            # A full disk may have rolled back by itself.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    @contextmanager
    def _problems(self) -> Iterator[None]:
        """Turn what the disk does into what the user can do about it."""
        try:
            yield
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
            raise  # the caller's mistake, not the disk's
        except sqlite3.OperationalError as error:
            raise self._cannot_write(str(error)) from error
        except sqlite3.DatabaseError as error:  # not a database, malformed
            raise self._damaged() from error
        except OSError as error:
            raise self._cannot_write(error.strerror or str(error)) from error

    def _cannot_write(self, why: str) -> EnvironmentProblem:
        return EnvironmentProblem(
            f"The run folder {self.path.parent} cannot be written ({why}): free some space or "
            "mend its permissions and run the same command again, or choose another with --out."
        )

    def _damaged(self) -> EnvironmentProblem:
        return EnvironmentProblem(
            f"The journal {self.path} is damaged or no journal: restore it, or start the run over "
            "with --no-resume."
        )


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:39] + "…"
