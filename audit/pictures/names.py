"""How a table or a public set names a profession, and which one that is."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Mapping

from audit.pictures.professions import professions

_NOT_A_NAME = re.compile(r"[^\w]+")


def slug(name: str) -> str:
    """``Police officer`` → ``police_officer``; letters of every script stay."""
    return _NOT_A_NAME.sub("_", name.strip().lower()).strip("_")


def find_profession(name: str) -> str | None:
    """The id of the profession that is called so in English or Chinese, or has this id."""
    return _by_name().get(slug(name))


def profession_id(name: str) -> str:
    """The known profession's id, else the name itself as one: a public set has names of its own."""
    return find_profession(name) or slug(name)


def near_profession(name: str) -> str | None:
    """A known English name or id that looks like ``name``."""
    near = difflib.get_close_matches(slug(name), list(_by_name()), n=1, cutoff=0.75)
    return professions()[_by_name()[near[0]]].label["en"] if near else None


@functools.cache
def _by_name() -> Mapping[str, str]:
    names: dict[str, str] = {}
    for profession in professions().values():
        for name in (profession.id, *profession.label.values()):
            # The first wins: the professions that are drawn stand before those of the table.
            names.setdefault(slug(name), profession.id)
    return names
