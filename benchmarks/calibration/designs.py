"""How each suite's questions take part in a simulated respondent's log-odds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from audit.probes.base import Suite, get_suite
from audit.schema import Item, Label, Route
from benchmarks.calibration.published import cbbq_items, discrim_eval_items, honest_items

#: What a suite declared in YAML is simulated with.
_DECLARED = Path(__file__).with_name("declared.yaml")

_BY_GROUP = {
    "women": 0.5, "men": -0.5, "mixed": 0.0,
    "pro": 0.5, "anti": -0.5, "neutral": 0.0, "expected": 0.5, "gotcha": -0.5,
    "they": -0.5, "xe": -0.5, "she": 0.5, "he": 0.5,
    "woman": 0.5, "man": -0.5, "black": 0.5, "white": -0.5, "older": 0.5, "younger": -0.5,
    "American_actresses": 0.5, "American_actors": -0.5, "female": 0.5, "male": -0.5,
}  # fmt: skip
_BY_ORDER = {
    "woman_first": 0.5, "man_first": -0.5, "correct_first": 0.5, "correct_second": -0.5,
    "stereotyped_first": 0.5, "anti_stereotyped_first": -0.5, "high_first": 0.5,
    "low_first": -0.5, "positive_first": 0.5, "negative_first": -0.5,
}  # fmt: skip
#: Texts whose tone VADER reads as the label says.
_SAID = {Label.POSITIVE: "This is good.", Label.NEGATIVE: "This is bad.", Label.NEUTRAL: "A table."}
#: Log-odds with which a picture or a plain context is understood.
_UNDERSTOOD = 2.0

Labels = tuple[str, str, str]


def _by_group(item: Item) -> float:
    return _BY_GROUP[item.group]


def _by_order(item: Item) -> float:
    return _BY_ORDER.get(item.variant.partition("/")[0], 0.0)


def _nothing(_: Item) -> float:
    return 0.0


def _all_alike(_: Item) -> float:
    """A preference between two given answers: every question is on the same side."""
    return 1.0


def _own_cluster(item: Item) -> str:
    return item.cluster


def _cluster_of_probe(item: Item) -> str:
    return f"{item.probe}/{item.cluster}"


def _own_wording(item: Item) -> str:
    return f"{item.probe}/{item.template}"


@dataclass(frozen=True, slots=True)
class Design:
    """``labels``: the answer L is the log-odds of, the other one, and the third ("": none).

    ``side`` is s and ``order`` v, in −1 … 1; ``known`` what the question gives away, in nats.
    ``cluster`` and ``wording`` name what shares a random effect. ``probes``: those that the
    primary metrics are about (empty: all), ``always`` such as are asked on either route.
    """

    labels: Callable[[Item], Labels]
    side: Callable[[Item], float] = _by_group
    order: Callable[[Item], float] = _by_order
    known: Callable[[Item], float] = _nothing
    cluster: Callable[[Item], str] = _own_cluster
    wording: Callable[[Item], str] = _own_wording
    asks: Callable[[], list[Item]] | None = None
    probes: tuple[str, ...] = ()
    always: tuple[str, ...] = ()
    wordings_fixed: bool = False
    texts: Mapping[str, str] = field(default_factory=dict)

    def items(self, route: Route) -> list[Item]:
        return [
            item
            for item in (self.asks or list)()
            if (item.route is route or item.probe in self.always)
            and (not self.probes or item.probe in self.probes)
        ]


def suite_of(name: str) -> Suite:
    """The suite of a cell; ``declared`` is one in a YAML file."""
    return get_suite(str(_DECLARED) if name == "declared" else name)


def _of_suite(name: str, limit: int | None = None) -> Callable[[], list[Item]]:
    return lambda: suite_of(name).items(langs=["en"], seed=0, limit=limit, samples=None)


def _same(first: Label, second: Label, third: Label | None = None) -> Callable[[Item], Labels]:
    found = str(first), str(second), str(third or "")
    return lambda _: found


def _occupation_labels(item: Item) -> Labels:
    offered = not item.candidates or "neutral" in item.candidates
    return str(Label.WOMAN), str(Label.MAN), str(Label.NEUTRAL) if offered else ""


def _of_names(item: Item) -> float:
    """Gender and, in the contrast of the suite, ethnicity: a name has both."""
    gender, _, ethnicity = item.group.partition("/")
    return (0.5 if gender == "female" else -0.5) + _BY_GROUP.get(ethnicity, 0.0)


def _of_persons(item: Item) -> float:
    """Any gender or race that is not the reference person's."""
    return (-0.5 if item.group == "male" else 0.5) + (-0.5 if item.variant == "white" else 0.5)


def _first_level(item: Item) -> float:
    return 0.5 if item.group == "applicant:first" else -0.5


def _context(item: Item) -> float:
    """What a disambiguated question says, towards the stereotyped answer or against it."""
    return {"aligned": _UNDERSTOOD, "conflicting": -_UNDERSTOOD}.get(item.group, 0.0)


def _picture_labels(item: Item) -> Labels:
    if item.probe == "occupation":
        return str(Label.POSITIVE), str(Label.NEGATIVE), ""
    third = str(Label.NEUTRAL) if item.probe == "neutral" else ""
    return str(Label.WOMAN), str(Label.MAN), third


def _picture_side(item: Item) -> float:
    """Whom the profession lets expect; in *occupation* men are those placed high."""
    shown, _, job = item.group.partition("/")
    return -_BY_GROUP[shown] if item.probe == "occupation" else _BY_GROUP[job]


def _shown(item: Item) -> float:
    """What a picture shows, towards "woman"; a figure without a gender shows nothing."""
    shown = item.group.partition("/")[0]
    return 2 * _UNDERSTOOD * _BY_GROUP[shown] if item.probe == "resolution" else 0.0


_PREFERENCE = _same(Label.STEREOTYPED, Label.ANTI_STEREOTYPED)
_RIGHT = _same(Label.CORRECT, Label.INCORRECT)
_TONE = _same(Label.POSITIVE, Label.NEGATIVE, Label.NEUTRAL)
_AXES = ("age", "religion", "nationality", "disability", "orientation")
_DESIGNS = {
    "occupations": Design(_occupation_labels, asks=_of_suite("occupations")),
    "pronouns": Design(
        _RIGHT, asks=_of_suite("pronouns"), cluster=_cluster_of_probe, always=("given",),
        wordings_fixed=True,
    ),
    "names": Design(
        _same(Label.POSITIVE, Label.NEGATIVE), asks=_of_suite("names"), side=_of_names,
        probes=("decision",),
    ),
    "attributes": Design(
        _PREFERENCE, asks=_of_suite("attributes"), side=_all_alike, cluster=_cluster_of_probe,
        probes=_AXES,
    ),
    "tone": Design(_TONE, asks=_of_suite("tone"), cluster=_cluster_of_probe, texts=_SAID),
    "vqa-gender": Design(
        _picture_labels, asks=_of_suite("vqa-gender"), side=_picture_side, known=_shown,
        probes=("resolution", "neutral", "occupation"),
    ),
    "winobias": Design(_RIGHT, asks=_of_suite("winobias", 1600), wording=lambda i: i.template),
    "winogender": Design(_RIGHT, asks=_of_suite("winogender")),
    "crows-pairs": Design(
        _PREFERENCE, asks=_of_suite("crows-pairs"), side=_all_alike, probes=("gender",)
    ),
    "stereoset": Design(
        _same(Label.STEREOTYPED, Label.ANTI_STEREOTYPED, Label.UNRELATED),
        asks=_of_suite("stereoset"), side=_all_alike, probes=("gender",),
    ),
    "bbq": Design(
        _same(Label.STEREOTYPED, Label.ANTI_STEREOTYPED, Label.NEUTRAL),
        asks=_of_suite("bbq", 500), side=_all_alike, known=_context,
    ),
    "cbbq": Design(
        _same(Label.STEREOTYPED, Label.ANTI_STEREOTYPED, Label.NEUTRAL), asks=cbbq_items,
        side=_all_alike,
    ),
    "honest": Design(_same(Label.NEGATIVE, Label.NEUTRAL), asks=honest_items),
    "declared": Design(
        _same(Label.POSITIVE, Label.NEGATIVE), asks=_of_suite("declared"), side=_first_level,
    ),
    "bold": Design(_TONE, asks=_of_suite("bold"), probes=("gender",), texts=_SAID),
    "discrim-eval": Design(
        _same(Label.POSITIVE, Label.NEGATIVE), asks=discrim_eval_items, side=_of_persons
    ),
}  # fmt: skip


def design_of(suite: str) -> Design:
    return _DESIGNS[suite]
