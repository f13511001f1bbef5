"""Given names and their counterparts (name intervention: Hall Maudslay et al. 2019, §4).

Each name has exactly one counterpart, and the counterpart's is the name: swapping twice gives the
name back. The table (``data/names.tsv``) says how gender and pairs were chosen.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib.resources import files

from audit.schema import Label


@functools.cache
def counterparts(lang: str) -> Mapping[str, tuple[Label, str]]:
    """Name → (its gender, its counterpart), for ``en`` or ``zh``; empty for another language."""
    source = files("remediate.counterfactual_data").joinpath("data/names.tsv")
    table: dict[str, tuple[Label, str]] = {}
    for row in source.read_text("utf-8").splitlines():
        if row.startswith("#") or row == "woman\tman\tlang\torigin":
            continue
        woman, man, row_lang, _ = row.split("\t")
        if row_lang == lang:
            table[woman] = (Label.WOMAN, man)
            table[man] = (Label.MAN, woman)
    return table
