"""Many asynchronous answers → batches for a synchronous caller.

The event loop lives in a thread of its own, so that timeouts and backoff go on while the caller
writes to its journal, and Ctrl-C lands in the caller.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from typing import Any, TypeVar

R = TypeVar("R")
T = TypeVar("T")

FLUSH_SECONDS = 0.25
FLUSH_ANSWERS = 16
#: How long to wait for cancelled requests to let go of their connections.
CANCEL_SECONDS = 5.0


class _Done:
    """Put in the queue behind the last answer."""


class LoopThread:
    """An event loop in a daemon thread. Close it, or it lives until the process ends."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="openai-requests", daemon=True
        )
        self._thread.start()

    @property
    def closed(self) -> bool:
        return self._loop.is_closed()

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run one coroutine to its end; an interrupt cancels it."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def stream(
        self, requests: Sequence[R], ask: Callable[[R], Awaitable[T]], *, workers: int
    ) -> Iterator[list[T]]:
        """Yield ``ask(request)`` of every request, in batches as they arrive, in any order.

        At most ``workers`` run at a time. The first failure cancels the others, and is raised
        after the answers that were there before it. Closing the generator cancels everything.
        """
        if not requests:
            return
        answers: queue.SimpleQueue[T | _Done] = queue.SimpleQueue()
        started: list[asyncio.Task[None]] = []
        over = threading.Event()

        async def work(pending: Iterator[R]) -> None:
            for request in pending:
                answers.put(await ask(request))

        async def everyone() -> None:
            pending = iter(requests)
            async with asyncio.TaskGroup() as group:
                for _ in range(min(workers, len(requests))):
                    group.create_task(work(pending))

        def start() -> None:
            task = self._loop.create_task(everyone())
            started.append(task)
            # A callback runs even where the task was cancelled before its first step.
            task.add_done_callback(end)

        def end(_: asyncio.Task[None]) -> None:
            answers.put(_Done())
            over.set()

        def cancel() -> None:
            started[0].cancel()

        self._loop.call_soon_threadsafe(start)
        finished = False
        try:
            yield from _batches(answers)
            finished = True
        finally:
            if not finished:
                self._loop.call_soon_threadsafe(cancel)
                over.wait(CANCEL_SECONDS)
        error = started[0].exception()
        if isinstance(error, BaseExceptionGroup):
            raise error.exceptions[0] from None
        if error is not None:
            raise error

    def close(self) -> None:
        """Stop the loop and its thread; harmless when called twice."""
        if self._loop.is_closed():
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CANCEL_SECONDS)
        if not self._thread.is_alive():
            self._loop.close()


def _batches(answers: queue.SimpleQueue[T | _Done]) -> Iterator[list[T]]:
    batch: list[T] = []
    due = time.monotonic() + FLUSH_SECONDS
    while True:
        try:
            item = answers.get(timeout=max(0.0, due - time.monotonic()))
        except queue.Empty:
            pass  # nothing new: the flush below is due
        else:
            if isinstance(item, _Done):
                break
            batch.append(item)
        if len(batch) >= FLUSH_ANSWERS or time.monotonic() >= due:
            if batch:
                yield batch
                batch = []
            due = time.monotonic() + FLUSH_SECONDS
    if batch:
        yield batch
