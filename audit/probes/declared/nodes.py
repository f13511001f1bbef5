"""A YAML file as values that know their place, so that every problem names it."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import UsageProblem

#: A name that becomes part of item keys, slices and slots.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the file and the keys that lead to it."""

    value: Any
    file: str
    path: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        return f"{self.file}: {'.'.join(self.path)}" if self.path else self.file

    def problem(self, what: str, advice: str = "") -> UsageProblem:
        """``what`` follows the place ("lacks …"); ``advice`` is a sentence of its own."""
        sentence = f"{self.where} {what}."
        return UsageProblem(f"{sentence} {advice}" if advice else sentence)

    def child(self, key: str, value: Any) -> Node:
        return Node(value, self.file, (*self.path, key))

    def mapping(self, required: Sequence[str], optional: Sequence[str] = ()) -> dict[str, Node]:
        """The parts of a mapping whose keys are fixed."""
        known = (*required, *optional)
        if not isinstance(self.value, Mapping):
            raise self.problem(f"must be a mapping with {listed(required or optional)}")
        for key in self.value:
            if key not in known:
                near = difflib.get_close_matches(str(key), known, n=1)
                hint = f"Did you mean {near[0]}?" if near else f"Known: {listed(known)}."
                raise self.problem(f"has the unknown key '{key}'", hint)
        for key in required:
            if key not in self.value:
                raise self.problem(f"lacks {key}", "docs/write-a-probe.md has the format.")
        return {key: self.child(key, value) for key, value in self.value.items()}

    def named(self, what: str) -> dict[str, Node]:
        """A mapping from names of the file's own choice, at least one."""
        if not isinstance(self.value, Mapping) or not self.value:
            raise self.problem(f"must be a mapping from names to {what}, at least one")
        for key in self.value:
            if not isinstance(key, str):
                raise self.problem(
                    f"has the name {key!r}, which YAML takes for no text", "Put it in quotes."
                )
            if not _ID.fullmatch(key):
                raise self.problem(
                    f"has the name '{key}'", "Use letters, digits, '-' and '_' without spaces."
                )
        return {key: self.child(key, value) for key, value in self.value.items()}

    def name(self) -> str:
        text = self.text()
        if not _ID.fullmatch(text):
            raise self.problem(f"is '{text}'", "Use letters, digits, '-' and '_' without spaces.")
        return text

    def text(self) -> str:
        if not isinstance(self.value, str):
            raise self.problem(
                f"must be text, not {_kind(self.value)}",
                "Put it in quotes." if isinstance(self.value, bool | int | float) else "",
            )
        if not self.value.strip():
            raise self.problem("is empty")
        return self.value

    def texts(self) -> tuple[str, ...]:
        """A list of different texts, at least one; a single text is a list of one."""
        rows = self.value if isinstance(self.value, list) else [self.value]
        if not rows:
            raise self.problem("is an empty list")
        found = tuple(Node(row, self.file, self.path).text() for row in rows)
        twice = next((text for text in found if found.count(text) > 1), None)
        if twice is not None:
            raise self.problem(f"has '{twice}' twice")
        return found

    def one_of(self, known: Sequence[str]) -> str:
        if self.value not in known:
            raise self.problem(f"is '{self.value}'", f"Known: {listed(known)}.")
        return str(self.value)

    def number(self, low: float, high: float) -> float:
        """A number in [low, high]."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.problem(f"must be a number, not {_kind(value)}")
        if not (math.isfinite(value) and low <= value <= high):
            raise self.problem(f"is {value}", f"It lies between {low:g} and {high:g}.")
        return float(value)

    def whole(self, low: int, high: int) -> int:
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            raise self.problem(f"must be a whole number, not {_kind(self.value)}")
        return int(self.number(low, high))

    def by_lang(self, langs: Sequence[str]) -> dict[str, Node]:
        """The value of every language: a mapping with all of ``langs``, or one value for all."""
        if not isinstance(self.value, Mapping):
            return dict.fromkeys(langs, self)
        for key in self.value:
            if key not in langs:
                raise self.problem(f"has the language '{key}'", f"langs says {listed(langs)}.")
        for lang in langs:
            if lang not in self.value:
                raise self.problem(f"lacks the language {lang}", f"langs says {listed(langs)}.")
        return {lang: self.child(lang, self.value[lang]) for lang in langs}


def read_file(path: Path) -> tuple[str, Node]:
    """The text of a YAML file and its content. A key that stands twice is a problem, too."""
    import yaml

    class Strict(yaml.SafeLoader):
        """A key that stands twice would silently lose what the first one said."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            seen: set[Any] = set()
            for key_node, _ in node.value:
                key = self.construct_object(key_node, deep=True)
                if not isinstance(key, str | int | float | bool | None):
                    raise yaml.YAMLError(f"line {key_node.start_mark.line + 1}: a key is no text")
                if key in seen:
                    line = key_node.start_mark.line + 1
                    raise yaml.YAMLError(f"line {line}: '{key}' stands there twice")
                seen.add(key)
            return super().construct_mapping(node, deep)

    try:
        text = path.read_text(encoding="utf-8-sig")
        content = yaml.load(text, Loader=Strict)
    except FileNotFoundError:
        raise UsageProblem(f"There is no suite file {path}.") from None
    except OSError as error:
        raise UsageProblem(f"{path} cannot be read ({error.strerror or error}).") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        told = " ".join(str(error).split())
        raise UsageProblem(f"{path} cannot be read as YAML: {told[:300].rstrip('.')}.") from error
    return text, Node(content, str(path))


def listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    return "a list" if isinstance(value, list) else f"{value!r}"
