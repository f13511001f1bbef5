"""The file's content → :class:`Spec`. What concerns several parts stands in ``checks``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from audit.probes.declared import checks
from audit.probes.declared.nodes import Node, listed
from audit.probes.declared.spec import OPTION_SLOTS, Answer, Factor, Level, Spec, Template
from audit.schema import Label, Route
from core.models.base import Sampling

FORMAT_VERSION = 1
LANGS = ("en", "zh")
_REQUIRED = (
    "version", "name", "title", "langs", "factors", "contrast", "cluster", "templates", "answers",
    "gap",
)  # fmt: skip
_OPTIONAL = ("routes", "sampling", "samples")
#: Parts that change neither what is asked nor how an answer is read.
_NOT_ASKED = frozenset({"version", "title", "gap"})
#: Names of other things in slots and slices.
_TAKEN = (
    *OPTION_SLOTS, "probe", "lang", "template", "group", "route", "variant", "occupation",
)  # fmt: skip


def parse(root: Node) -> Spec:
    """Raises :class:`core.errors.UsageProblem` for the first thing that is wrong."""
    top = _versioned(root)
    langs = _langs(top["langs"])
    factors = [_factor(name, node, langs) for name, node in _factors(top["factors"]).items()]
    contrast, cluster = _roles(top, factors)
    routes = _routes(top["routes"]) if "routes" in top else tuple(Route)
    spec = Spec(
        name=top["name"].name(),
        title=_title(top["title"]),
        langs=langs,
        contrast=contrast,
        cluster=cluster,
        others=tuple(f for f in factors if f not in (contrast, cluster)),
        templates=_templates(top["templates"], langs, [f.name for f in factors]),
        answers=_answers(top["answers"], langs),
        routes=routes,
        sampling=_sampling(top["sampling"]) if "sampling" in top else Sampling(max_tokens=16),
        samples=top["samples"].whole(1, 1000) if "samples" in top else 1,
        margin=_margin(top["gap"]),
        version=_fingerprint(root.value),
    )
    checks.check_levels(spec, top["factors"])
    checks.check_answers(spec, top["answers"])
    return spec


def _versioned(root: Node) -> dict[str, Node]:
    if not isinstance(root.value, Mapping) or root.value.get("version") != FORMAT_VERSION:
        raise root.problem(f"is no suite: it must begin with `version: {FORMAT_VERSION}`")
    return root.mapping(_REQUIRED, _OPTIONAL)


def _langs(node: Node) -> tuple[str, ...]:
    found = node.texts()
    for lang in found:
        if lang not in LANGS:
            raise node.problem(f"has '{lang}'", f"Refusals are known in: {listed(LANGS)}.")
    return found


def _title(node: Node) -> dict[str, str]:
    if isinstance(node.value, str):
        text = node.text()
        return {"en": text, "zh": text}
    parts = node.mapping(("en",), ("zh",))
    english = parts["en"].text()
    return {"en": english, "zh": parts["zh"].text() if "zh" in parts else english}


def _factors(node: Node) -> dict[str, Node]:
    found = node.named("levels")
    for name in found:
        if name in _TAKEN:
            raise node.problem(f"has the name '{name}', which means something else", "Rename it.")
        if not name.isidentifier():  # it is a slot of templates
            raise node.problem(f"has the name '{name}'", "Use letters, digits and '_'.")
    return found


def _factor(name: str, node: Node, langs: Sequence[str]) -> Factor:
    levels = tuple(
        Level(key, {lang: part.texts() for lang, part in level.by_lang(langs).items()})
        for key, level in node.named("texts").items()
    )
    return Factor(name, levels)


def _roles(top: Mapping[str, Node], factors: Sequence[Factor]) -> tuple[Factor, Factor]:
    by_name = {factor.name: factor for factor in factors}
    contrast, cluster = (
        by_name[top[role].one_of(tuple(by_name))] for role in ("contrast", "cluster")
    )
    if contrast is cluster:
        raise top["cluster"].problem(
            f"is '{cluster.name}', and so is contrast", "The two must be different factors."
        )
    if len(contrast.levels) != 2:
        raise top["contrast"].problem(
            f"is '{contrast.name}', which has {len(contrast.levels)} level(s)",
            "A contrast compares exactly two.",
        )
    if len(cluster.levels) < 2:
        raise top["cluster"].problem(
            f"is '{cluster.name}', which has one level",
            "Clusters are a sample: give eight or more.",
        )
    return contrast, cluster


def _templates(node: Node, langs: Sequence[str], factors: Sequence[str]) -> tuple[Template, ...]:
    if not isinstance(node.value, Mapping):
        raise node.problem("must be a mapping from languages to named templates")
    out = []
    for lang, part in node.by_lang(langs).items():
        for name, template in part.named("texts").items():
            ordered = checks.check_slots(template, template.text(), factors)
            out.append(Template(name, lang, template.text(), ordered))
    return tuple(out)


def _answers(node: Node, langs: Sequence[str]) -> tuple[Answer, ...]:
    parts = node.mapping(("positive", "negative"), ("neutral",))
    order = [Label.POSITIVE, Label.NEGATIVE, Label.NEUTRAL]
    return tuple(_answer(label, parts[label], langs) for label in order if label in parts)


def _answer(label: Label, node: Node, langs: Sequence[str]) -> Answer:
    offered = ("option",) if label is not Label.NEUTRAL else ()
    parts = node.mapping((), (*offered, "candidates", "words"))
    option = parts["option"].by_lang(langs).items() if "option" in parts else ()
    texts = {
        key: {lang: part.texts() for lang, part in parts[key].by_lang(langs).items()}
        for key in ("candidates", "words")
        if key in parts
    }
    return Answer(
        label=label,
        option={lang: part.text() for lang, part in option},
        candidates=texts.get("candidates", {}),
        words=texts.get("words", {}),
    )


def _routes(node: Node) -> tuple[Route, ...]:
    given = node.texts()
    known = [route.value for route in Route]
    for name in given:
        if name not in known:
            raise node.problem(f"has '{name}'", f"Known: {listed(known)}.")
    return tuple(route for route in Route if route in given)


def _sampling(node: Node) -> Sampling:
    parts = node.mapping((), ("max_tokens", "temperature", "top_p"))
    usual = Sampling(max_tokens=16)
    return Sampling(
        max_tokens=parts["max_tokens"].whole(1, 4096) if "max_tokens" in parts else 16,
        temperature=(
            parts["temperature"].number(0, 2) if "temperature" in parts else usual.temperature
        ),
        top_p=parts["top_p"].number(0.01, 1) if "top_p" in parts else usual.top_p,
    )


def _margin(node: Node) -> float:
    parts = node.mapping(("margin",), ("why",))
    if "why" in parts:
        parts["why"].text()
    return parts["margin"].number(0.001, 0.999)


def _fingerprint(content: Mapping[str, object]) -> str:
    """Twelve hexadecimal digits: the same for another layout, comment, title or margin."""
    asked = {key: value for key, value in content.items() if key not in _NOT_ASKED}
    # Not sorted: the order of clusters decides which of several texts a cluster is asked with.
    text = json.dumps(asked, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]
