"""HTTP to one OpenAI-compatible server: bounded patience, and errors a user can act on.

Every attempt ends in a value or in a :class:`Trouble`, never in a library's exception: those hold
the request, and the request holds the key.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, TypeVar

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_result

from core.errors import EnvironmentProblem, UsageProblem

T = TypeVar("T")

#: Statuses that pass by themselves: too many requests, too early, timeouts, any server error.
RETRIED_STATUSES = frozenset({408, 425, 429})
#: A server that answers, but nonsense, is broken rather than busy: ask only so many times.
RUBBISH_ATTEMPTS = 5
#: Patience for one answer grows after each timeout (a slow server must not loop for ever) up to
#: this many times the timeout asked for.
MAX_TIMEOUT_GROWTH = 8
EXCERPT_CHARS = 160


class RubbishError(ValueError):
    """Raised by a parser: the answer is not what the protocol says. The text says what is odd."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One failed attempt. ``kind``: ``connection``, ``timeout``, ``status``, ``rubbish``."""

    kind: str
    detail: str
    status: int = 0
    retry_after_s: float = 0.0

    @property
    def passes(self) -> bool:
        """True where waiting may help."""
        if self.kind != "status" or self.status in RETRIED_STATUSES:
            return True
        return self.status >= 500 and self.status != HTTPStatus.NOT_IMPLEMENTED


class RequestFailed(EnvironmentProblem):
    """A request that was given up; ``trouble`` is what its last attempt met."""

    def __init__(self, message: str, trouble: Trouble) -> None:
        super().__init__(message)
        self.trouble = trouble


class Secret:
    """An API key that does not print itself."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "Secret(***)" if self._value else "Secret()"

    def headers(self) -> dict[str, str]:
        """The header that carries the key; empty without one (a local server needs none)."""
        return {"Authorization": f"Bearer {self._value}"} if self._value else {}

    def redact(self, text: str) -> str:
        """``text`` without the key, should a server have echoed it."""
        return text.replace(self._value, "***") if self._value else text


def read_key(variable: str) -> Secret:
    """The key in the environment variable ``variable`` (empty where it is not set)."""
    value = os.environ.get(variable, "").strip()
    if not re.fullmatch(r"[\x21-\x7e]*", value):
        raise EnvironmentProblem(
            f"The environment variable {variable} holds characters that no API key has; "
            "set it again."
        )
    return Secret(value)


def normalise_base_url(url: str) -> str:
    """``http://host:8000`` → ``http://host:8000/v1``; a path the user gave is kept.

    Raises :class:`UsageProblem` where it is no http(s) URL, or carries a password or a query.
    """
    try:
        parsed = httpx.URL(url.strip())
    except (httpx.InvalidURL, TypeError):
        parsed = httpx.URL("")
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise UsageProblem(
            "The server's address must look like http://HOST:PORT/v1 (as in openai:NAME@URL)."
        )
    if parsed.userinfo or parsed.query or parsed.fragment:
        raise UsageProblem(
            f"The server's address (host {parsed.host}) must not hold a password, a query or a "
            "fragment; an API key belongs in the environment."
        )
    path = parsed.path.rstrip("/")
    return str(parsed.copy_with(path=path or "/v1"))


def _is_loopback(url: str) -> bool:
    host = httpx.URL(url).host
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _retry_after(value: str | None) -> float:
    """Seconds asked for by a Retry-After header (a number or an HTTP date; RFC 9110, 10.2.3)."""
    if not value:
        return 0.0
    try:
        return max(0.0, float(value))
    except ValueError:
        pass  # not a number: the other form is a date
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


class Client:
    """Asks one server, again and again until it answers or ``give_up_after_s`` pass without any
    request succeeding. Not thread-safe: everything async runs on one event loop.
    """

    def __init__(
        self,
        base_url: str,
        *,
        key: Secret,
        key_variable: str,
        model: str,
        max_connections: int,
        timeout_s: float,
        give_up_after_s: float,
        backoff_s: float,
        max_backoff_s: float,
    ) -> None:
        self.base_url = base_url
        self.root_url = base_url.removesuffix("/v1")
        self._key = key
        self._key_variable = key_variable
        self._model = model
        self._timeout_s = timeout_s
        self._give_up_after_s = give_up_after_s
        self._backoff_s = backoff_s
        self._max_backoff_s = max_backoff_s
        # Jitter only spreads retries in time; it is no part of what is measured.
        self._jitter = random.Random()
        self._last_success = float("-inf")
        self._http = httpx.AsyncClient(
            headers=key.headers(),
            # The total is ours (a server that drips a byte a minute must time out too).
            timeout=httpx.Timeout(None, connect=min(10.0, timeout_s)),
            limits=httpx.Limits(
                max_connections=max_connections, max_keepalive_connections=max_connections
            ),
            trust_env=not _is_loopback(base_url),  # no proxy stands before this very machine
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def post(self, url: str, payload: dict[str, Any], parse: Callable[[Any], T]) -> T:
        """POST ``payload`` and parse the JSON answer; ``parse`` raises :class:`RubbishError`.

        Raises :class:`RequestFailed` where waiting does not or did not help.
        """
        return await self.ask("POST", url, payload, parse)

    async def ask(
        self,
        method: str,
        url: str,
        payload: dict[str, Any] | None,
        parse: Callable[[Any], T],
        *,
        patient: bool = True,
        broken_after: int | None = None,
        limit_s: float | None = None,
    ) -> T:
        """As :meth:`post`. With ``patient`` off, one attempt only; ``broken_after`` gives up after
        that many rubbish answers or server errors (for a route that may not exist); ``limit_s``
        is what an attempt may take, instead of the usual.
        """
        begun = time.monotonic()
        seen: list[Trouble] = []

        async def attempt() -> T | Trouble:
            timeouts = sum(t.kind == "timeout" for t in seen)
            limit = self._timeout_s * min(2**timeouts, MAX_TIMEOUT_GROWTH)
            outcome = await self._attempt(method, url, payload, parse, limit_s or limit)
            if isinstance(outcome, Trouble):
                seen.append(outcome)
            else:
                self._last_success = time.monotonic()
            return outcome

        def stop(state: RetryCallState) -> bool:
            last = seen[-1]
            if not patient or not last.passes:
                return True
            broken = sum(t.kind == "rubbish" for t in seen)
            if broken_after:
                broken += sum(t.status >= 500 for t in seen)
            if broken >= (broken_after or RUBBISH_ATTEMPTS):
                return True
            idle = time.monotonic() - max(begun, self._last_success)
            return idle + last.retry_after_s >= self._give_up_after_s

        def wait(state: RetryCallState) -> float:
            ceiling = min(self._max_backoff_s, self._backoff_s * 2.0 ** (len(seen) - 1))
            # At least half: full jitter could hammer a struggling server at once.
            return max(seen[-1].retry_after_s, ceiling * self._jitter.uniform(0.5, 1.0))

        retrying = AsyncRetrying(
            stop=stop,
            wait=wait,
            retry=retry_if_result(lambda outcome: isinstance(outcome, Trouble)),
            retry_error_callback=lambda state: seen[-1],
        )
        outcome: T | Trouble = await retrying(attempt)
        if isinstance(outcome, Trouble):
            spent_s = time.monotonic() - begun if patient else 0.0
            raise RequestFailed(self._explain(url, outcome, spent_s), outcome)
        return outcome

    async def _attempt(
        self,
        method: str,
        url: str,
        payload: dict[str, Any] | None,
        parse: Callable[[Any], T],
        limit_s: float,
    ) -> T | Trouble:
        try:
            async with asyncio.timeout(limit_s):
                response = await self._http.request(method, url, json=payload)
        except (TimeoutError, httpx.TimeoutException):
            return Trouble("timeout", f"no answer within {limit_s:g} s")
        except httpx.RequestError as error:
            return Trouble("connection", self._clean(str(error)) or type(error).__name__)
        if response.status_code != HTTPStatus.OK:
            return Trouble(
                "status",
                self._clean(response.text),
                status=response.status_code,
                retry_after_s=_retry_after(response.headers.get("retry-after")),
            )
        try:
            return parse(response.json())
        except RubbishError as odd:
            return Trouble("rubbish", f"{odd}: {self._clean(response.text)!r}")
        except (ValueError, RecursionError):
            return Trouble("rubbish", f"not JSON: {self._clean(response.text)!r}")

    def _clean(self, text: str) -> str:
        """A short one-line excerpt without markup, control characters or the key."""
        text = self._key.redact(text[:20_000])
        text = re.sub(r"<[^>]*>", " ", text)
        text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return text if len(text) <= EXCERPT_CHARS else text[: EXCERPT_CHARS - 1] + "…"

    def _explain(self, url: str, trouble: Trouble, spent_s: float) -> str:
        said = f" (it said: {trouble.detail})" if trouble.detail else ""
        match trouble.kind, trouble.status:
            case "status", 401 | 403:
                return (
                    f"The server {url} refused the API key (HTTP {trouble.status}): set the "
                    f"environment variable {self._key_variable} to a key that may use "
                    f"{self._model}."
                )
            case "status", 404:
                return (
                    f"The server has no {url}, or no model {self._model} (HTTP 404){said}. "
                    "Check NAME and URL in openai:NAME@URL."
                )
            case "status", status if not trouble.passes:
                return (
                    f"The server {url} refused the request with HTTP {status}{said}. "
                    "Asking again would not help: change the model, the URL or the server."
                )
            case "rubbish", _:
                return (
                    f"The server {url} does not answer as an OpenAI-compatible one does "
                    f"({trouble.detail}). Check the URL and what runs there."
                )
            case "status", 429 if trouble.retry_after_s >= self._give_up_after_s:
                what = f"asks to wait {trouble.retry_after_s:.0f} s (HTTP 429)"
            case "status", status:
                what = f"answered HTTP {status}{said}"
            case "timeout", _:
                what = f"did not answer ({trouble.detail})"
            case _:
                what = f"could not be reached ({trouble.detail})"
        how_long = f", for {spent_s:.0f} s now" if spent_s >= 1 else ""
        return (
            f"The server {url} {what}{how_long}. See that it runs and can take the load, then run "
            "the same command again: what was answered and committed is kept."
        )
