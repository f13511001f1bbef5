"""A small OpenAI-compatible server on loopback whose misbehaviour is scripted.

Every request goes through ``script(request)``, which returns None for a proper answer or says
what happens instead. Proper answers are functions of the request alone, so a test can tell a lost,
doubled or swapped one. Tokens are characters: id = code point. A picture reads as a digest of it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any


@dataclass(frozen=True)
class Reply:
    """Sent instead of the proper answer, after ``delay_s``; ``status`` 0 drops the connection."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """One request as the server saw it; ``number`` counts from 0 over all routes."""

    number: int
    path: str
    body: dict[str, Any]
    headers: dict[str, str]


Script = Callable[[Asked], Reply | None]

DROP = Reply(status=0)


def error(status: int, message: str = "no", **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps({"error": {"message": message}}).encode(), named)


def render(messages: list[dict[str, Any]]) -> str:
    turns = "".join(f"<{m['role']}>{_words(m['content'])}</>" for m in messages)
    return turns + "<assistant>"


def _words(content: str | list[dict[str, Any]]) -> str:
    if isinstance(content, str):
        return content
    return "".join(
        p["text"] if p["type"] == "text" else _seen(p["image_url"]["url"]) for p in content
    )


def _seen(url: str) -> str:
    kind, _, data = url.partition(";base64,")
    raw = base64.b64decode(data, validate=True)
    return f"[{kind} {hashlib.sha256(raw).hexdigest()[:8]}]"


def answer_to(messages: list[dict[str, str]], seed: int) -> str:
    return f"answer to {messages[-1]['content']} with {seed}"


def logprob(before: int, token: int) -> float:
    """The fake model: depends on the token and the one before it."""
    return -((before * 7 + token * 13) % 97) / 10 - 0.1


class FakeServer:
    """``with FakeServer() as server:`` listens until the block ends; ``url`` ends in /v1."""

    def __init__(self, *, model: str = "fake", owned_by: str = "vllm", can_score: bool = True):
        self.model = model
        self.owned_by = owned_by
        self.can_score = can_score
        self.script: Script = lambda asked: None
        self.asked: list[Asked] = []
        self.under_way = 0
        self.most_under_way = 0
        self.hung_up = 0
        self._state = threading.Lock()
        self._stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        self._listener: ThreadingHTTPServer | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    def count(self, path: str) -> int:
        with self._state:
            return sum(a.path == path for a in self.asked)

    def __enter__(self) -> FakeServer:
        self.up()
        return self

    def __exit__(self, *_: object) -> None:
        self.down()

    def up(self) -> None:
        """Listen (again), on the same port after an outage."""
        self._stopping.clear()
        handler = type("Handler", (_Handler,), {"server_state": self})
        self._listener = _Listener(("127.0.0.1", self._port), handler)
        self._port = self._listener.server_address[1]
        threading.Thread(target=self._listener.serve_forever, args=(0.02,), daemon=True).start()

    def down(self) -> None:
        """Refuse connections and break those there are."""
        self._stopping.set()
        if self._listener is not None:
            self._listener.shutdown()
            self._listener.server_close()
            self._listener = None
        with self._state:
            connections = list(self._connections)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def sleep(self, seconds: float) -> None:
        """For scripts: a delay that ends with the server."""
        self._stopping.wait(seconds)

    def respond(self, asked: Asked) -> Reply:
        routes: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "/v1/models": self._models,
            "/v1/chat/completions": self._chat,
        }
        if self.can_score:
            routes |= {
                "/tokenize": self._tokenize,
                "/detokenize": lambda body: {"prompt": "".join(map(chr, body["tokens"]))},
                "/v1/completions": self._completions,
            }
        if asked.path not in routes:
            return error(404, "Not Found")
        if asked.path != "/v1/models" and asked.body.get("model") != self.model:
            return error(404, f"The model `{asked.body.get('model')}` does not exist.")
        return Reply(body=json.dumps(routes[asked.path](asked.body)).encode())

    def _models(self, body: dict[str, Any]) -> dict[str, Any]:
        card = {"id": self.model, "owned_by": self.owned_by, "max_model_len": 512}
        return {"object": "list", "data": [card]}

    def _chat(self, body: dict[str, Any]) -> dict[str, Any]:
        text = answer_to(body["messages"], body.get("seed", 0))
        message = {"role": "assistant", "content": text}
        answer: dict[str, Any] = {
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": len(render(body["messages"])), "completion_tokens": 3},
        }
        if "prompt_logprobs" in body:
            *turns, last = body["messages"]
            goes_on = body["continue_final_message"]
            prompt = render(turns) + last["content"] if goes_on else render([*turns, last])
            values = [
                {str(ord(b)): {"logprob": logprob(ord(a), ord(b))}} for a, b in pairwise(prompt)
            ]
            answer["prompt_logprobs"] = [None, *values]
        return answer

    def _tokenize(self, body: dict[str, Any]) -> dict[str, Any]:
        text = render(body["messages"]) if "messages" in body else body["prompt"]
        return {"tokens": [ord(c) for c in text], "count": len(text), "max_model_len": 512}

    def _completions(self, body: dict[str, Any]) -> dict[str, Any]:
        choices = []
        for index, ids in enumerate(body["prompt"]):
            generated = [ord("!")] * body["max_tokens"]
            row = [*ids, *generated]
            values = [None, *(logprob(a, b) for a, b in pairwise(row))]
            choices.append({"index": index, "logprobs": {"token_logprobs": values}, "text": ""})
        return {"choices": choices[::-1]}


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Broken connections are what these tests are about: keep them out of the output."""


class _Handler(BaseHTTPRequestHandler):
    server_state: FakeServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        with self.server_state._state:
            self.server_state._connections.add(self.connection)

    def finish(self) -> None:
        with self.server_state._state:
            self.server_state._connections.discard(self.connection)
        super().finish()

    def do_GET(self) -> None:
        self._handle({})

    def do_POST(self) -> None:
        self._handle(json.loads(self.rfile.read(int(self.headers["content-length"]))))

    def _handle(self, body: dict[str, Any]) -> None:
        state = self.server_state
        with state._state:
            asked = Asked(len(state.asked), self.path, body, dict(self.headers))
            state.asked.append(asked)
            state.under_way += 1
            state.most_under_way = max(state.most_under_way, state.under_way)
        try:
            reply = state.script(asked) or state.respond(asked)
        finally:
            with state._state:
                state.under_way -= 1
        if self._client_left():
            with state._state:
                state.hung_up += 1
        if reply.status == 0:
            self._drop()
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def _client_left(self) -> bool:
        self.connection.setblocking(False)
        try:
            return self.connection.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            self.connection.setblocking(True)

    def _drop(self) -> None:
        self.close_connection = True
        # Linger 0: a reset, as from a process that died.
        with suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


def expected_logprobs(messages: list[dict[str, str]], continuation: str) -> tuple[float, ...]:
    """What a scored continuation should come to under the fake model."""
    prefill = messages[-1]["content"] if messages[-1]["role"] == "assistant" else None
    head = render(messages if prefill is None else messages[:-1]) + (prefill or "")
    ids = [ord(c) for c in head[-1] + continuation]
    return tuple(logprob(a, b) for a, b in pairwise(ids))


def wait_until(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Poll; True as soon as ``condition`` holds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
