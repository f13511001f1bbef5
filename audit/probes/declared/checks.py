"""What must hold between the parts of a declared suite. Each check names the place it found."""

from __future__ import annotations

import difflib
import string
from collections.abc import Iterator, Sequence

from audit.probes.declared.nodes import Node, listed
from audit.probes.declared.reading import Reader
from audit.probes.declared.spec import OPTION_SLOTS, Spec
from audit.schema import Label, Route


def check_slots(node: Node, text: str, factors: Sequence[str]) -> bool:
    """Every factor has its slot and every slot its filling. Returns whether options are offered."""
    known = (*factors, *OPTION_SLOTS)
    try:
        parsed = list(string.Formatter().parse(text))
    except ValueError as error:
        raise node.problem(
            f"has a brace that opens or closes no slot ({error})", "Write a plain brace twice."
        ) from None
    slots = []
    for _, slot, form, conversion in parsed:
        if slot is None:
            continue
        if slot not in known or form or conversion:
            near = difflib.get_close_matches(slot, known, n=1)
            hint = f"Did you mean {{{near[0]}}}?" if near else f"Known: {listed(known)}."
            raise node.problem(f"has the slot {{{slot}}}, which nothing fills", hint)
        slots.append(slot)
    for factor in factors:
        if factor not in slots:
            raise node.problem(
                f"has no slot {{{factor}}}",
                f"Without it the levels of {factor} would all be the same question.",
            )
    offered = [slot for slot in OPTION_SLOTS if slot in slots]
    if len(offered) == 1:
        raise node.problem(
            f"has {{{offered[0]}}} alone", "Offer {first} and {second}, or neither of them."
        )
    return bool(offered)


def check_levels(spec: Spec, node: Node) -> None:
    """Several texts belong to the contrast alone, equally many on both sides, all different."""
    own = {level.id for level in spec.cluster.levels}
    for factor in (spec.contrast, *spec.others):
        for level in factor.levels:
            if level.id in own:
                raise node.child(factor.name, None).problem(
                    f"has the level '{level.id}', as {spec.cluster.name} has", "Rename one of them."
                )
    for factor in (spec.cluster, *spec.others):
        place = node.child(factor.name, None)
        for level in factor.levels:
            if any(len(texts) > 1 for texts in level.texts.values()):
                raise place.child(level.id, None).problem(
                    "has several texts", "Only the levels of the contrast may."
                )
        _check_different(spec, factor.name, place)
    one, two = spec.contrast.levels
    place = node.child(spec.contrast.name, None)
    for lang in spec.langs:
        sizes = len(one.texts[lang]), len(two.texts[lang])
        if sizes[0] != sizes[1]:
            raise place.problem(
                f"has {sizes[0]} texts for {one.id} and {sizes[1]} for {two.id} ({lang})",
                "The n-th of one is compared with the n-th of the other.",
            )
        n = len(spec.cluster.levels)
        if sizes[0] not in (1, n):  # clusters that share a text would pass for independent
            raise place.problem(
                f"has {sizes[0]} texts a level, but {spec.cluster.name} has {n} levels",
                f"Give one text, or {n}: one for every level of {spec.cluster.name}.",
            )
        pairs = zip(one.texts[lang], two.texts[lang], strict=True)
        if same := next((a for a, b in pairs if a == b), None):
            raise place.problem(f"compares '{same}' with itself")


def _check_different(spec: Spec, name: str, place: Node) -> None:
    factor = next(f for f in (spec.cluster, *spec.others) if f.name == name)
    for lang in spec.langs:
        seen: dict[str, str] = {}
        for level in factor.levels:
            text = level.text(lang)
            if text in seen:
                raise place.problem(f"has the same text for {seen[text]} and {level.id}: '{text}'")
            seen[text] = level.id


def check_answers(spec: Spec, node: Node) -> None:
    """Both routes and the templates have of every answer what they need, and it fits together."""
    needs = {Route.LIKELIHOOD: "candidates", Route.SAMPLED: "words"}
    for answer in spec.answers:
        place = node.child(answer.label, None)
        for route in spec.routes:
            if not getattr(answer, needs[route]):
                raise place.problem(f"lacks {needs[route]}, which the route {route} needs")
        if answer.label is not Label.NEUTRAL and not answer.option:
            for template in spec.templates:
                if template.ordered:
                    raise place.problem(
                        f"lacks option, which the template {template.name} offers by "
                        "{first} and {second}"
                    )
    for lang in spec.langs:
        _check_candidates(spec, node, lang)
        _check_words(spec, node, lang)


def _check_candidates(spec: Spec, node: Node, lang: str) -> None:
    found = [(a.label, text) for a in spec.answers for text in a.candidates.get(lang, ())]
    for i, (label, text) in enumerate(found):
        for j, (other, longer) in enumerate(found):
            if i != j and longer.startswith(text):
                raise node.problem(
                    f"has the candidate '{text}' ({label}), with which '{longer}' ({other}) begins",
                    "Its probability would count twice.",
                )


def _check_words(spec: Spec, node: Node, lang: str) -> None:
    owner: dict[str, Label] = {}
    for answer in spec.answers:
        for word in answer.words.get(lang, ()):
            key = word.lower()
            if owner.get(key, answer.label) is not answer.label:
                raise node.problem(f"has the word '{word}' for {owner[key]} and {answer.label}")
            owner[key] = answer.label
    if not owner:
        return
    reader = Reader({a.label: a.words[lang] for a in spec.answers}, lang)
    for label, text in _said(spec, lang):
        read = reader.label(text)
        if read is not label:
            raise node.child(label, None).problem(
                f"would have the answer '{text}' read as {read} ({lang})", "Mend its words."
            )


def _said(spec: Spec, lang: str) -> Iterator[tuple[Label, str]]:
    """What a plain answer looks like: the option repeated, or a candidate."""
    for answer in spec.answers:
        if lang in answer.option:
            yield answer.label, answer.option[lang]
        for text in answer.candidates.get(lang, ()):
            yield answer.label, text
