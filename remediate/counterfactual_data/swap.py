"""The counterfactual of a text: the same text with the genders of its people exchanged.

Counterfactual data augmentation (Lu et al. 2018, "Gender Bias in Neural Natural Language
Processing", §4) with names (Hall Maudslay et al. 2019, "It's All in the Name", §4), grammar
included: her is his or him, his is her or hers. Rules and word lists alone, so the same text always
gives the same counterfactual; a model may be asked where they do not decide.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from audit.schema import Label
from core.errors import UsageProblem
from remediate.counterfactual_data import swap_en, swap_zh
from remediate.counterfactual_data.swap_types import (
    CONTEXT,
    SIDES,
    Change,
    Disambiguate,
    Found,
    GenderedWord,
)

__all__ = ["Change", "Disambiguate", "GenderedWord", "Swap", "gendered_words", "swap_gender"]

_FIND = {"en": swap_en.find, "zh": swap_zh.find}


@dataclass(frozen=True, slots=True)
class Swap:
    """``text`` is the counterfactual, ``changes`` what was replaced, in order, in the source."""

    text: str
    changes: tuple[Change, ...]

    def undo(self) -> str:
        """The source text, also where swapping again would not give it back (Mrs → Mr → Ms)."""
        parts: list[str] = []
        shift = done = 0
        for change in self.changes:
            start = change.start + shift
            parts += [self.text[done:start], change.before]
            done = start + len(change.after)
            shift += len(change.after) - len(change.before)
        return "".join([*parts, self.text[done:]])


def swap_gender(
    text: str,
    lang: str,
    *,
    to: Label | None = None,
    keep: Collection[str] = (),
    disambiguate: Disambiguate | None = None,
) -> Swap:
    """The counterfactual of ``text``; unchanged, with no changes, where it tells no gender.

    ``to`` None exchanges word by word (woman → man, man → woman); ``Label.WOMAN`` or ``Label.MAN``
    makes every gendered word of that gender and leaves pairs that name both ("men and women").
    ``keep``: words or phrases that stay, in any case ("Women's Hospital", "Mary"). They and them,
    "he or she" and 他们 stay always.

    Swapping twice gives the source back where every word stands in a pair of the word lists and
    his/her are decided alike both times; :meth:`Swap.undo` gives it back always.

    ``disambiguate(left, right, options)`` returns the index of the option that fits between two
    pieces of the counterfactual, at most :data:`~swap_types.CONTEXT` characters each. It is asked
    only where the rule is unsure ("I saw her duck"); ``options[0]`` is the rule's guess.

    Raises :class:`~core.errors.UsageProblem` for a language other than ``en`` and ``zh``, TypeError
    where ``keep`` is one string, ValueError for another ``to`` or for an index out of range.
    """
    if to is not None and to not in SIDES:
        raise ValueError(f"'to' must be Label.WOMAN, Label.MAN or None, not {to!r}.")
    found = [
        item
        for item in _found(text, lang, keep)
        if to is None or (item.gender is not to and not item.coupled)
    ]
    after = [item.options[0] for item in found]
    if disambiguate is not None:
        for index, item in enumerate(found):
            if not item.sure and len(item.options) > 1:
                left, right = _around(text, found, after, index)
                pick = disambiguate(left, right, item.options)
                if not 0 <= pick < len(item.options):
                    raise ValueError(f"disambiguate returned {pick} for {item.options}.")
                after[index] = item.options[pick]
    parts: list[str] = []
    done = 0
    for item, form in zip(found, after, strict=True):
        parts += [text[done : item.start], form]
        done = item.end
    changes = tuple(
        Change(item.start, item.end, item.before, form)
        for item, form in zip(found, after, strict=True)
    )
    return Swap("".join([*parts, text[done:]]), changes)


def gendered_words(text: str, lang: str) -> list[GenderedWord]:
    """The words that tell a person's gender, in order; empty where a swap would change nothing."""
    return [GenderedWord(f.start, f.end, f.before, f.gender) for f in _found(text, lang, ())]


def _found(text: str, lang: str, keep: Collection[str]) -> list[Found]:
    if isinstance(keep, str):
        raise TypeError("'keep' is a collection of words, not one string.")
    if lang not in _FIND:
        raise UsageProblem(
            f"Texts in '{lang}' cannot be swapped: only {' and '.join(_FIND)} have word lists."
        )
    return _FIND[lang](text, keep)


def _around(text: str, found: Sequence[Found], after: Sequence[str], index: int) -> tuple[str, str]:
    """The counterfactual on both sides of a word, cut at CONTEXT characters."""
    left: list[str] = []
    size, at, stop = 0, index - 1, found[index].start
    while size < CONTEXT:
        start = found[at].end if at >= 0 else 0
        left.append(text[max(start, stop - CONTEXT) : stop])
        size += len(left[-1])
        if at < 0:
            break
        left.append(after[at])
        size += len(after[at])
        at, stop = at - 1, found[at].start
    right: list[str] = []
    size, at, begin = 0, index + 1, found[index].end
    while size < CONTEXT:
        stop = found[at].start if at < len(found) else len(text)
        right.append(text[begin : min(stop, begin + CONTEXT)])
        size += len(right[-1])
        if at >= len(found):
            break
        right.append(after[at])
        size += len(after[at])
        begin, at = found[at].end, at + 1
    return "".join(reversed(left))[-CONTEXT:], "".join(right)[:CONTEXT]
