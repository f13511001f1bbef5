"""Run folders whose answers are hostile, and the same ones with plain words instead."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from tests.audit.hostile import SCRIPTS, hostile_texts
from tests.core.fake_server import Asked, Reply, Script
from tests.core.openai_cases import CHAT

#: Half a pair, which JSON may hold and UTF-8 may not.
LONE = ("\ud800", "a woman\udfff", "I\udc00'm sorry, but I can't help with that.")
TEXTS = (*hostile_texts(300, seed=1), *SCRIPTS * 3, *LONE * 10)
#: As harmless as can be, and one of them too long to be shown whole.
PLAIN = ("plain words", "plain words " * 1000)
#: What stands in every text that would run.
MARK = "owned"


def utf8(text: str) -> str:
    """As it is kept: half a surrogate pair is a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")


def hostile_server(salt: str) -> Script:
    """Gives every question a hostile answer, the same one each time; another ``salt``, others."""

    def answer(asked: Asked) -> Reply | None:
        if asked.path != CHAT:
            return None
        what = f"{salt} {json.dumps(asked.body, sort_keys=True)}".encode()
        text = TEXTS[int.from_bytes(hashlib.sha256(what).digest()[:4]) % len(TEXTS)]
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return Reply(body=json.dumps({"choices": [choice]}).encode())

    return answer


def with_answers(folder: Path, texts: Sequence[str]) -> None:
    """The answers of every run in a folder replaced, their labels and all else kept."""
    for path in folder.rglob("responses.parquet"):
        frame = pd.read_parquet(path)
        asked = frame["route"] == "sampled"
        given = itertools.islice(itertools.cycle(texts), int(asked.sum()))
        frame.loc[asked, "response"] = [utf8(text) for text in given]
        frame.to_parquet(path, index=False)
