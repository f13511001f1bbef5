"""Sentences in both languages, and the pair of them that a template renders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import yaml
from markupsafe import Markup, escape

LANGUAGES: Final = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Bilingual:
    """One text in English and Chinese. In HTML both are present and the page shows one."""

    en: str
    zh: str

    def __getitem__(self, lang: str) -> str:
        return self.zh if lang == "zh" else self.en

    def __html__(self) -> str:
        if self.en == self.zh:
            return str(escape(self.en))
        return str(
            Markup('<span class="t" lang="en">{}</span><span class="t" lang="zh">{}</span>').format(
                self.en, self.zh
            )
        )

    def map(self, change: Callable[[str], str]) -> Bilingual:
        return Bilingual(change(self.en), change(self.zh))


def same(value: object) -> Bilingual:
    """A text that needs no translation: a name, a number."""
    return Bilingual(str(value), str(value))


def pair(value: object, fallback: object = "") -> Bilingual:
    """``{"en": …, "zh": …}`` (or a plain string) of a results file as a :class:`Bilingual`."""
    if isinstance(value, Mapping):
        english = str(value.get("en") or value.get("zh") or fallback)
        return Bilingual(english, str(value.get("zh") or english))
    return same(value if value not in (None, "") else fallback)


@dataclass(frozen=True)
class Phrases:
    """Every sentence of some packages' ``data/strings.LANG.yaml`` by dotted key.

    Where two packages have a key, the later one's sentence holds.
    """

    packages: tuple[str, ...]

    def strings(self, lang: str) -> dict[str, str]:
        """Every sentence of one language by dotted key."""
        found: dict[str, str] = {}
        for package in self.packages:
            found |= _read(package, lang)
        return found

    def has(self, key: str) -> bool:
        return key in self.strings("en")

    def say(self, key: str, **params: object) -> Bilingual:
        """The sentence *key* with its gaps filled; a :class:`Bilingual` gap keeps its language.

        Raises KeyError for an unknown key: a missing sentence is a defect, never a blank.
        """

        def fill(lang: str) -> str:
            gaps = {k: v[lang] if isinstance(v, Bilingual) else str(v) for k, v in params.items()}
            text = self.strings(lang)[key]
            return text.format(**gaps) if gaps else text

        return Bilingual(fill("en"), fill("zh"))

    def name_of(self, kind: str, value: str) -> Bilingual:
        """The name of a probe, label, group, route or language; an unknown one names itself."""
        key = f"{kind}.{value}"
        return self.say(key) if self.has(key) else same(value.replace("_", " "))


@cache
def _read(package: str, lang: str) -> dict[str, str]:
    source = files(package).joinpath(f"data/strings.{lang}.yaml")
    return dict(_flatten(yaml.safe_load(source.read_text("utf-8"))))


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    leaves: list[tuple[str, str]] = []
    for key, value in tree.items():
        path = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(value, Mapping):
            leaves.extend(_flatten(value, path))
        else:
            leaves.append((path, str(value)))
    return leaves


#: The audit report's own sentences.
PHRASES: Final = Phrases(("audit.reports",))
strings, has, say, name_of = PHRASES.strings, PHRASES.has, PHRASES.say, PHRASES.name_of


def join(parts: list[Bilingual]) -> Bilingual:
    return Bilingual(", ".join(p.en for p in parts), "、".join(p.zh for p in parts))
