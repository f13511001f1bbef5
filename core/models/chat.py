"""Messages → the exact token ids a model sees. One place, so that every local backend agrees.

The model's own chat template comes first; then the catalogue's format for checkpoints that ship
none; then, for base models, a plain completion format (and whoever reports must say so).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.errors import EnvironmentProblem
from core.models.base import Message
from core.models.picture_turns import as_parts, before_words, reads_parts

OWN_TEMPLATE = "the model's own chat template"
PLAIN = "plain completion (the checkpoint has no chat template)"
#: Where a plain completion has to end: a base model goes on to ask itself the next question.
PLAIN_STOP = ("\n\nQuestion:",)


def _plain(messages: Sequence[Message]) -> str:
    parts = [
        m["content"] if m["role"] == "system" else f"Question: {m['content']}"
        for m in messages
        if m["role"] != "assistant"
    ]
    return "\n\n".join(parts) + "\n\nAnswer:\n"


class ChatRenderer:
    """Renders conversations with one tokenizer.

    ``fallback_template`` is a jinja chat template used where the tokenizer has none, and
    ``fallback_name`` what to call it in the manifest. A model that takes pictures has a
    ``picture_token``, the string that stands for one in its prompts, and keeps its template with
    its processor (``own_template``). The ``pictures`` of the methods below is how many stand in
    the first user turn before its words, each rendered as one placeholder: what a placeholder
    grows to depends on the picture and is the processor's to say.
    """

    def __init__(
        self,
        tokenizer: Any,
        fallback_template: str | None = None,
        fallback_name: str = "",
        *,
        own_template: str | None = None,
        picture_token: str | None = None,
    ) -> None:
        self.tokenizer = tokenizer
        self.picture_token = picture_token
        self._template: str | None = None
        self._plain = False
        if own_template is not None:
            self._template = own_template
            self.format_name = OWN_TEMPLATE
        elif getattr(tokenizer, "chat_template", None):
            self.format_name = OWN_TEMPLATE
        elif fallback_template is not None:
            self._template = fallback_template
            self.format_name = f"catalogue format {fallback_name} (the checkpoint has no template)"
        else:
            self._plain = True
            self.format_name = PLAIN
        # Text-only models are always given strings: their templates expect nothing else.
        self._parts = (
            picture_token is not None and not self._plain and reads_parts(self._apply_template)
        )

    @property
    def is_plain(self) -> bool:
        """True where a base model is asked in the plain completion format."""
        return self._plain

    @property
    def stop(self) -> tuple[str, ...]:
        """Strings that end an answer beside the model's own end token."""
        return PLAIN_STOP if self._plain else ()

    def render(self, messages: Sequence[Message], pictures: int = 0) -> str:
        """The prompt as text, ending where the model's answer (or the prefill) goes on.

        Reasoning templates are asked not to think: an audit reads the answer itself. Raises
        :class:`EnvironmentProblem` where the template fails or the model takes no pictures.
        """
        turns, prefill = list(messages), ""
        if turns and turns[-1]["role"] == "assistant":
            prefill = turns.pop()["content"]
        if self._plain:
            return _plain(self._as_text(turns, pictures)) + prefill
        laid_out = self._turns(turns, pictures)
        try:
            text = self._apply_template(laid_out, add_generation_prompt=True, enable_thinking=False)
        except Exception as error:  # jinja raises whatever the checkpoint's template tells it to
            raise EnvironmentProblem(
                f"The model's chat template cannot render this conversation ({error}); "
                "it may need another version of transformers."
            ) from error
        return text + prefill

    def _apply_template(self, turns: Sequence[Any], **options: Any) -> str:
        return str(
            self.tokenizer.apply_chat_template(
                turns, chat_template=self._template, tokenize=False, **options
            )
        )

    def _turns(self, turns: Sequence[Message], pictures: int) -> Sequence[Any]:
        """What the template is given: parts where it reads them, else strings."""
        return as_parts(turns, pictures) if self._parts else self._as_text(turns, pictures)

    def _as_text(self, turns: Sequence[Message], pictures: int) -> list[Message]:
        if pictures and self.picture_token is None:
            raise EnvironmentProblem(
                "This question shows a picture, and the model takes none as it is loaded."
            )
        return before_words(turns, pictures, self.picture_token or "")

    def _encode(self, text: str) -> list[int]:
        # A template writes its own BOS; the plain format leaves that to the tokenizer.
        return list(self.tokenizer.encode(text, add_special_tokens=self.adds_special_tokens))

    @property
    def adds_special_tokens(self) -> bool:
        """Whether the tokenizer puts its own tokens round a rendered prompt."""
        return self._plain

    def prompt_ids(self, messages: Sequence[Message], pictures: int = 0) -> list[int]:
        """Token ids of the rendered prompt; of no messages, the token that begins a text."""
        return self._encode(self.render(messages, pictures)) if messages else [self._beginning()]

    def _beginning(self) -> int:
        """The beginning-of-text token, else the end-of-text token, which separates texts.

        The rule of EleutherAI's lm-evaluation-harness (``prefix_token_id``), by which published
        likelihoods of whole texts are mostly computed. Raises :class:`EnvironmentProblem` for a
        tokenizer that names neither.
        """
        for token in (self.tokenizer.bos_token_id, self.tokenizer.eos_token_id):
            if token is not None:
                return int(token)
        raise EnvironmentProblem(
            "The tokenizer names neither a beginning-of-text nor an end-of-text token, so the "
            "likelihood of a whole text is not defined; add bos_token to tokenizer_config.json."
        )

    def continuation_ids(
        self, messages: Sequence[Message], continuation: str, pictures: int = 0
    ) -> list[int]:
        """Token ids of ``continuation`` after the prompt.

        Tokenised in context where the prompt's own ids are unchanged by it (the usual case), else
        on its own, so that the scored prompt is always exactly the prompt that was asked. Without
        messages the continuation is a text of its own.
        """
        if not messages:
            return list(self.tokenizer.encode(continuation, add_special_tokens=False))
        prompt = self.render(messages, pictures)
        head = self._encode(prompt)
        whole = self._encode(prompt + continuation)
        if len(whole) > len(head) and whole[: len(head)] == head:
            return whole[len(head) :]
        return list(self.tokenizer.encode(continuation, add_special_tokens=False))

    def answer_ids(self, messages: Sequence[Message], answer: str, pictures: int = 0) -> list[int]:
        """Token ids of a whole answer to the prompt, with what ends a turn in this format.

        The end is what the model's own template writes after an answer (``<|im_end|>``,
        ``<end_of_turn>`` …), else the tokenizer's end token.
        """
        ids = self.continuation_ids(messages, answer, pictures)
        end = self._turn_end(messages, answer)
        return ids + (end or [self.tokenizer.eos_token_id])

    def _turn_end(self, messages: Sequence[Message], answer: str) -> list[int]:
        if self._plain:
            return []
        # How a turn ends does not depend on pictures in an earlier one.
        turns = [*messages, Message(role="assistant", content=answer)]
        text = self._apply_template(self._turns(turns, 0))
        _, found, tail = text.rpartition(answer)
        return self._encode(tail.rstrip()) if found and tail.strip() else []
