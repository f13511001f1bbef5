"""Chat templates for checkpoints that ship none: the catalogue's format, as a jinja template.

The formats are ``data/chat_formats.yaml``. A format it does not know, and any base model, gets no
template: whoever asks then falls back to plain completion and has to say so.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from importlib.resources import files
from typing import Any

from core.models.catalogue import CatalogueEntry

#: Constants are put in as string literals, so that no message can be read as template code.
_TEMPLATE = """\
{%- set first = messages[0] if messages else {} -%}
{%- set system = first.content if first.role == 'system' else DEFAULT -%}
{%- if system -%}{{ SYSTEM_HEAD + system + SYSTEM_TAIL }}{%- else -%}{{ BEGIN }}{%- endif -%}
{%- for message in messages if message.role != 'system' -%}
{%- if message.role == 'user' -%}
{{ (BETWEEN if not loop.first else '') + USER_HEAD + message.content + USER_TAIL }}
{%- else -%}
{{ ANSWER + message.content + END }}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ PROMPT }}{%- endif -%}"""


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    # Imported here: the command line must not pay for it.
    import yaml

    text = files("core.models").joinpath("data", "chat_formats.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def known_formats() -> tuple[str, ...]:
    """Names of the formats that have a fallback template, aliases included."""
    data = _data()
    return (*data["formats"], *data["aliases"])


def fallback_template(chat_format: str | None) -> str | None:
    """A jinja chat template for ``apply_chat_template(chat_template=…)``, or ``None``.

    It honours one leading system message, user and assistant turns in any number, and
    ``add_generation_prompt``; begin-of-text tokens are part of it where the format has them.
    """
    data = _data()
    name = data["aliases"].get(chat_format, chat_format)
    spec = data["formats"].get(name)
    return _compose(spec) if spec else None


def is_chat_tuned(entry: CatalogueEntry) -> bool:
    """Whether the name says that the checkpoint was tuned to chat (a base model was not)."""
    return re.search(_data()["tuned"], entry.short_name) is not None


def fallback_format(entry: CatalogueEntry) -> str | None:
    """The format to use where ``entry`` ships no template; ``None`` for base models."""
    known = entry.chat_format in known_formats()
    return entry.chat_format if known and is_chat_tuned(entry) else None


def _compose(spec: dict[str, str]) -> str:
    system_head, system_tail = spec["system"].split("{}")
    user_head, user_tail = spec["user"].split("{}")
    constants = {
        "DEFAULT": spec.get("default_system", ""),
        "SYSTEM_HEAD": system_head,
        "SYSTEM_TAIL": system_tail,
        "BEGIN": spec.get("begin", ""),
        "BETWEEN": spec.get("between", ""),
        "USER_HEAD": user_head,
        "USER_TAIL": user_tail,
        "ANSWER": spec["answer"],
        "END": spec.get("end", ""),
        "PROMPT": spec.get("prompt_answer", spec["answer"]),
    }
    return re.sub(
        r"\b[A-Z_]{3,}\b",
        lambda m: json.dumps(constants[m[0]], ensure_ascii=False),
        _TEMPLATE,
    )
