"""What a page is made of: its elements with their attributes' names, its addresses, its JSON."""

from __future__ import annotations

import json
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

#: Attributes whose value is an address.
_ADDRESSES = {"href", "src", "srcset", "srcdoc", "action", "formaction", "data", "poster",
              "xlink:href"}  # fmt: skip

Attributes = list[tuple[str, str | None]]


class PageParts(HTMLParser):
    """``elements``: (tag, attributes' names) → how many; ``data``: id → what a JSON block holds."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.elements: Counter[tuple[str, tuple[str, ...]]] = Counter()
        self.addresses: set[str] = set()
        self.comments: list[str] = []
        self.data: dict[str, Any] = {}
        self._block = ""
        self._text: list[str] = []
        self.feed(page.read_text("utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        self.elements[tag, tuple(sorted(name for name, _ in attrs))] += 1
        self.addresses.update(value or "" for name, value in attrs if name in _ADDRESSES)
        found = dict(attrs)
        if tag == "script" and found.get("type") == "application/json":
            self._block, self._text = str(found["id"]), []

    def handle_data(self, data: str) -> None:
        if self._block:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "script" and self._block:
            self.data[self._block] = json.loads("".join(self._text))
            self._block = ""

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)
