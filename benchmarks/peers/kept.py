"""What a tool said, kept beside what it was asked: the same question is not asked twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Found = dict[str, Any]


def kept(file: Path, asked: object, make: Callable[[], Found]) -> Found:
    """The answer in ``file`` if it was made from the same ``asked`` (JSON-ready), else a new one.

    A page can so be written again in seconds, and a tool whose question, worker or version
    changed is run again without anybody remembering to. Delete the file to run it anyway.
    """
    mark = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    if file.is_file():
        before: Found = json.loads(file.read_text(encoding="utf-8"))
        if before.get("made_from") == mark:
            return before
    found = make() | {"made_from": mark}
    file.write_text(json.dumps(found), encoding="utf-8")
    return found
