"""A person at a terminal sees a bar with rate and time left; a log sees a line a step."""

from __future__ import annotations

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("– /s" if speed is None else f"{speed:.1f} /s")


class ConsoleWatcher:
    """Writes to stderr, so that stdout holds the results alone."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._what, self._total, self._done, self._told = "", 0, 0, 0

    def say(self, message: str) -> None:
        self._console.print(message, markup=False)

    def warn(self, message: str) -> None:
        self._console.print(f"Note: {message}", style="yellow", markup=False)

    def start(self, what: str, total: int, done: int) -> None:
        self._what, self._total, self._done, self._told = what, total, done, done
        if not self._console.is_terminal:
            self.say(f"{what}: {done} of {total}")
            return
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self._console,
        )
        self._progress.start()
        self._task = self._progress.add_task(what, total=total, completed=done)

    def advance(self, n: int) -> None:
        self._done += n
        if self._progress is not None and self._task is not None:
            self._progress.advance(self._task, n)
        elif self._done == self._total or self._done - self._told >= max(1, self._total // 10):
            self._told = self._done
            self.say(f"{self._what}: {self._done} of {self._total}")

    def stop(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
