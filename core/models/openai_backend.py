"""Any OpenAI-compatible server as a backend: ``openai:NAME@URL``.

Texts come from ``/chat/completions``, log-probabilities (where the server has them, see
:mod:`core.models.openai_scoring`) from ``/completions``, with pictures from the chat's own prompt
(:mod:`core.models.openai_pictures`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.errors import EnvironmentProblem
from core.models.base import (
    Capabilities,
    GenerateRequest,
    Generation,
    Sampling,
    Score,
    ScoreRequest,
)
from core.models.openai_client import (
    Client,
    RequestFailed,
    RubbishError,
    normalise_base_url,
    read_key,
)
from core.models.openai_pictures import ChatEchoScorer, chat_messages
from core.models.openai_pump import LoopThread
from core.models.openai_scoring import EchoScorer

PROBE_TIMEOUT_S = 10.0
#: Servers that go by the checkpoint's generation_config (top-k, penalties) unless told otherwise,
#: and take these fields. Without them a sampled audit would not measure the model's own odds.
OPEN_ENGINES = ("vllm", "sglang")
PLAIN_SAMPLING: Mapping[str, Any] = {"top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0}
#: As the local backends: an audit reads the answer, not the reasoning before it.
TEMPLATE_OPTIONS: Mapping[str, Any] = {"enable_thinking": False}

NO_LOGPROBS = (
    "The server gives no log-probabilities for given texts: measured by sampled answers alone"
)
OWN_DEFAULTS = "Sampling options other than temperature and top-p are the server's own"
NOT_REPEATABLE = "Seeds are sent, but the server decides whether the same seed gives the same text"

_FINISH = {"stop": "stop", "eos": "stop", "length": "length", "max_tokens": "length"}
_INT63 = 2**63 - 1


class OpenAIBackend:
    """A model behind HTTP.

    ``base_url`` may leave out ``/v1``. The key is read from the environment variable
    ``api_key_env`` and goes into nothing but the request's header. At most ``max_concurrency``
    requests are under way. An attempt may take ``timeout_s`` (more after a timeout); failed ones
    are repeated with exponential backoff from ``backoff_s`` to ``max_backoff_s`` until nothing has
    succeeded for ``give_up_after_s``. Times are in seconds.

    ``capabilities.images`` is true of every server: whether the served model takes pictures shows
    when it is first shown one, and is then the server's own answer.

    Raises :class:`core.errors.EnvironmentProblem` within seconds where no server answers, the key
    is refused or the model is unknown, and :class:`core.errors.UsageProblem` for a bad URL.
    """

    def __init__(
        self,
        model: str,
        base_url: str,
        *,
        api_key_env: str = "OPENAI_API_KEY",
        max_concurrency: int = 16,
        timeout_s: float = 60.0,
        give_up_after_s: float = 600.0,
        backoff_s: float = 0.5,
        max_backoff_s: float = 30.0,
    ) -> None:
        self.name = model
        self._max_concurrency = max_concurrency
        self._timeout_s = timeout_s
        url = normalise_base_url(base_url)
        key = read_key(api_key_env)
        self._loop = LoopThread()
        self._client = Client(
            url,
            key=key,
            key_variable=api_key_env,
            model=model,
            max_connections=max_concurrency,
            timeout_s=timeout_s,
            give_up_after_s=give_up_after_s,
            backoff_s=backoff_s,
            max_backoff_s=max_backoff_s,
        )
        self._card: Mapping[str, Any] = {}
        self._scorer: EchoScorer | None = None
        try:
            self.capabilities = self._loop.call(self._probe())
        except BaseException:
            self.close()
            raise

    def __repr__(self) -> str:
        return f"OpenAIBackend(model={self.name!r}, base_url={self._client.base_url!r})"

    @property
    def _open_engine(self) -> bool:
        return self._card.get("owned_by") in OPEN_ENGINES

    async def _probe(self) -> Capabilities:
        """Is there a server, does it know the model, and can it score?"""
        cards = await self._list_models()
        self._card = next((card for card in cards if card["id"] == self.name), {})
        if not self._card:
            await self._ask_whether_model_exists([card["id"] for card in cards])
        notes = [NOT_REPEATABLE] if self._open_engine else [NOT_REPEATABLE, OWN_DEFAULTS]
        scorer = EchoScorer(
            self._client, self.name, dict(TEMPLATE_OPTIONS) if self._open_engine else {}
        )
        lacking = await scorer.probe()
        if lacking is None:
            self._scorer = scorer
        else:
            notes.insert(0, f"{NO_LOGPROBS} ({lacking})")
        return Capabilities(score=lacking is None, images=True, notes=tuple(notes))

    async def _list_models(self) -> list[dict[str, Any]]:
        """The server's model cards; empty where it keeps no list or is too busy to show it."""
        try:
            return await self._client.ask(
                "GET",
                f"{self._client.base_url}/models",
                None,
                _parse_models,
                patient=False,
                limit_s=PROBE_TIMEOUT_S,
            )
        except RequestFailed as failed:
            trouble = failed.trouble
            if trouble.kind == "status" and trouble.status not in (401, 403):
                return []
            raise

    async def _ask_whether_model_exists(self, listed: Sequence[str]) -> None:
        hello = GenerateRequest(
            "probe", ({"role": "user", "content": "Hello"},), Sampling(max_tokens=1, temperature=0)
        )
        try:
            await self._generate(hello)
        except RequestFailed as failed:
            if failed.trouble.status == 404 and listed:
                known = ", ".join(listed[:5]) + (", …" if len(listed) > 5 else "")
                raise EnvironmentProblem(
                    f"The server {self._client.base_url} has no model {self.name}. "
                    f"It serves: {known}."
                ) from None
            raise

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[list[Generation]]:
        """Yield finished answers about four times a second, in the order of arrival.

        Raises :class:`EnvironmentProblem` after having yielded all that was answered before.
        """
        return self._loop.stream(requests, self._generate, workers=self._max_concurrency)

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[list[Score]]:
        """As :meth:`generate`. A log-probability the server does not give is NaN."""
        scorer = self._scorer
        if scorer is None:
            raise EnvironmentProblem(f"{NO_LOGPROBS} ({self._client.base_url}).")
        options = self._engine_options()
        with_pictures = ChatEchoScorer(self._client, self.name, options)

        async def ask(request: ScoreRequest) -> Score:
            return await (with_pictures if request.images else scorer).score(request)

        return self._loop.stream(requests, ask, workers=self._max_concurrency)

    async def _generate(self, request: GenerateRequest) -> Generation:
        body = self._chat_body(request)
        return await self._client.post(
            f"{self._client.base_url}/chat/completions",
            body,
            lambda answer: parse_chat(answer, request.key),
        )

    def _chat_body(self, request: GenerateRequest) -> dict[str, Any]:
        messages = request.messages
        body: dict[str, Any] = {
            "model": self.name,
            "messages": chat_messages(messages, request.images),
            "max_tokens": request.sampling.max_tokens,
            "temperature": request.sampling.temperature,
            "top_p": request.sampling.top_p,
            "seed": request.seed & _INT63,
        }
        if messages and messages[-1]["role"] == "assistant":
            body |= {"continue_final_message": True, "add_generation_prompt": False}
        return body | self._engine_options()

    def _engine_options(self) -> dict[str, Any]:
        """Fields that open engines take beside the standard ones."""
        if not self._open_engine:
            return {}
        return {**PLAIN_SAMPLING, "chat_template_kwargs": dict(TEMPLATE_OPTIONS)}

    def describe(self) -> Mapping[str, Any]:
        return {
            "engine": "openai",
            "base_url": self._client.base_url,
            "model": self.name,
            "served_by": self._card.get("owned_by"),
            "max_model_len": self._card.get("max_model_len"),
            "chat_format": "the server's own chat template",
            "likelihood": "echo of /completions" if self._scorer else None,
            "max_concurrency": self._max_concurrency,
            "timeout_s": self._timeout_s,
        }

    def close(self) -> None:
        if not self._loop.closed:
            self._loop.call(self._client.close())
            self._loop.close()


def _parse_models(body: Any) -> list[dict[str, Any]]:
    data = body.get("data") if isinstance(body, dict) else None
    if not isinstance(data, list):
        raise RubbishError("no list of models")
    return [card for card in data if isinstance(card, dict) and isinstance(card.get("id"), str)]


def parse_chat(body: Any, key: str) -> Generation:
    """The first choice of a chat completion. A missing text is an empty one; a refusal that the
    server keeps apart is the text. Raises :class:`RubbishError`.
    """
    choices = body.get("choices") if isinstance(body, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict) or "content" not in message:
        raise RubbishError("no message with content")
    text = message["content"] or message.get("refusal") or ""
    if not isinstance(text, str):
        raise RubbishError("content is no text")
    usage = body.get("usage")
    return Generation(
        key,
        text,
        _FINISH.get(str(choice.get("finish_reason")), "error"),
        _count(usage, "prompt_tokens"),
        _count(usage, "completion_tokens"),
    )


def _count(usage: Any, name: str) -> int:
    value = usage.get(name) if isinstance(usage, dict) else None
    return value if type(value) is int else 0
