"""A page's text as a reader of one language gets it, by element."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

VOID = {"meta", "link", "br", "img", "path", "circle", "rect", "line"}


class _Reader(HTMLParser):
    def __init__(self, lang: str) -> None:
        super().__init__(convert_charrefs=True)
        self.other = "zh" if lang == "en" else "en"
        self.stack: list[bool] = []
        self.tags: list[str] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.sections: list[str] = []
        self.text: list[str] = []
        self.table: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        found = dict(attrs)
        if tag in VOID:
            return
        hidden = bool(self.stack and self.stack[-1]) or tag in ("style", "script", "svg")
        hidden |= found.get("class") == "t" and found.get("lang") == self.other
        self.stack.append(hidden)
        if tag == "section":
            self.sections.append(found.get("id") or "cover")
        if tag == "table":
            self.table = (found.get("class") or "").split()[-1] if found.get("class") else ""
            self.tables.setdefault(f"{self.sections[-1]}/{self.table}", [])
        if tag == "tr":
            self._rows().append([])
        if tag in ("td", "th"):
            self._rows()[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            self.stack.pop()
        if tag == "table":
            self.table = None

    def handle_data(self, data: str) -> None:
        if self.stack and self.stack[-1]:
            return
        self.text.append(data)
        if self.table is not None and self._rows() and self._rows()[-1]:
            self._rows()[-1][-1] += data + " "

    def _rows(self) -> list[list[str]]:
        return self.tables[f"{self.sections[-1]}/{self.table}"]


class Page:
    """``tables``: "section/last class" → rows of cells, white space squeezed."""

    def __init__(self, path: Path, lang: str = "en") -> None:
        self.html = path.read_text("utf-8")
        reader = _Reader(lang)
        reader.feed(self.html)
        reader.close()
        assert reader.stack == [], "an element is not closed"
        self.sections, self.tags = reader.sections, reader.tags
        self.text = squeeze(" ".join(reader.text))
        self.tables = {
            name: [[squeeze(cell) for cell in row] for row in rows]
            for name, rows in reader.tables.items()
        }


def squeeze(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
