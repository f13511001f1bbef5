"""What a suite is, where suites are found, and how a run is cut down by whole sets."""

from __future__ import annotations

import difflib
import hashlib
import importlib
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

from audit.schema import Item, Label, MetricRow, PrimaryMetric, Route
from core import datafile
from core.errors import EnvironmentProblem, UsageProblem

if TYPE_CHECKING:
    import pandas as pd

    from audit.metrics.measures import Measure

#: A package adds suites by an entry point of this group that names a suite class or a suite.
ENTRY_POINT_GROUP = "equipoise.suites"

_BUILT_IN = {
    "attributes": "audit.probes.attributes:AttributesSuite",
    "bbq": "audit.probes.bbq:BBQSuite",
    "bold": "audit.probes.bold:BoldSuite",
    "cbbq": "audit.probes.cbbq:CBBQSuite",
    "crows-pairs": "audit.probes.crows_pairs:CrowsPairsSuite",
    "discrim-eval": "audit.probes.discrim_eval:DiscrimEvalSuite",
    "honest": "audit.probes.honest:HonestSuite",
    "names": "audit.probes.names:NamesSuite",
    "occupations": "audit.probes.occupations:OccupationsSuite",
    "pronouns": "audit.probes.pronouns:PronounsSuite",
    "stereoset": "audit.probes.stereoset:StereoSetSuite",
    "tone": "audit.probes.tone:ToneSuite",
    "vqa-gender": "audit.probes.vqa_gender:VqaGenderSuite",
    "winobias": "audit.probes.winobias:WinoBiasSuite",
    "winogender": "audit.probes.winogender:WinogenderSuite",
}

DATA = Path(__file__).parent / "data"


@runtime_checkable
class Suite(Protocol):
    """A set of probes with one question, its margins and its way of reading an answer."""

    name: str
    version: str
    langs: tuple[str, ...]
    title: Mapping[str, str]
    primary: tuple[PrimaryMetric, ...]

    def items(
        self,
        *,
        langs: Sequence[str],
        seed: int,
        limit: int | None,
        samples: int | None,
        only: Collection[str] | None = None,
    ) -> list[Item]:
        """Every question, in a fixed order. ``limit``: items per probe, see
        :func:`stratified_limit`; ``samples``: texts per sampled item instead of the suite's own
        number; ``only``: the clusters to ask about, chosen before the limit is taken. Raises
        :class:`UsageProblem` for an unknown language or a limit below 1.
        """
        ...

    def label(self, item: Item, text: str) -> Label:
        """Read one sampled answer. Pure; never raises, whatever the text."""
        ...

    def clusters(self) -> list[dict[str, Any]]:
        """``[{cluster, label: {en, zh}, group, reference, year, source}]``, JSON-ready."""
        ...

    def metrics(
        self, frame: pd.DataFrame, *, seed: int, margins: Mapping[str, float] | None
    ) -> list[MetricRow]:
        """Estimates from the frame of answers (columns: ``RESPONSE_COLUMNS``)."""
        ...


@runtime_checkable
class Comparable(Protocol):
    """What a suite offers beside :class:`Suite` for compare, plan and a gate's baseline.

    A suite without it is still run, reported and held against the rest of a policy.
    """

    def measures(
        self, frame: pd.DataFrame, *, margins: Mapping[str, float] | None
    ) -> list[Measure]:
        """The primary metrics of every route on a frame of answers, likelihood first."""
        ...


def suite_names() -> list[str]:
    """Every known name, sorted. Loads no suite."""
    return sorted({*_BUILT_IN, *(e.name for e in entry_points(group=ENTRY_POINT_GROUP))})


def is_file(name: str) -> bool:
    """Whether a suite is named by the path of a YAML file that declares it."""
    return name.endswith((".yaml", ".yml"))


def get_suite(name: str, *runs: Path) -> Suite:
    """The suite of that name, or the one that the YAML file ``name`` declares.

    ``runs``: run folders whose own copy of a declared suite is taken before an installed suite.
    Raises :class:`UsageProblem` with the nearest names if unknown, or for a file that is wrong.
    """
    if is_file(name):
        return _declared(name)
    for run in runs:
        from audit.probes.declared import copy_in, load_suite

        if (kept := copy_in(run, name)) is not None:
            return load_suite(kept)
    if name in _BUILT_IN:
        module, _, attribute = _BUILT_IN[name].partition(":")
        return cast(Suite, getattr(importlib.import_module(module), attribute)())
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        if entry.name == name:
            return _load_plugin(entry)
    known = suite_names()
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Known suites: {', '.join(known)}."
    raise UsageProblem(f"There is no suite named '{name}'. {hint}")


def suites_by_name(named: Sequence[str]) -> dict[str, Suite]:
    """The suites of names and YAML files by their own names."""
    found: dict[str, Suite] = {}
    for name in dict.fromkeys(named):
        suite = get_suite(name)
        if suite.name in found:
            raise UsageProblem(f"Two of the suites are called {suite.name}: rename one of them.")
        found[suite.name] = suite
    if not found:
        raise UsageProblem("No suite was named; `audit list suites` shows them.")
    return found


def _declared(path: str) -> Suite:
    from audit.probes.declared import load_suite

    suite = load_suite(path)
    if suite.name in suite_names():
        raise UsageProblem(
            f"{path}: name is '{suite.name}', as an installed suite is called. Give it another."
        )
    return suite


def list_suites() -> list[Suite]:
    """Every suite, built-in and added, by name."""
    return [get_suite(name) for name in suite_names()]


def _load_plugin(entry: Any) -> Suite:
    try:
        found = entry.load()
        suite = found() if callable(found) else found
    except Exception as error:
        raise EnvironmentProblem(
            f"The suite '{entry.name}' ({entry.value}) could not be loaded: {error}. "
            "Repair or uninstall the package that adds it."
        ) from error
    if not isinstance(suite, Suite):
        raise EnvironmentProblem(
            f"The suite '{entry.name}' ({entry.value}) lacks a part of the Suite interface. "
            "Repair or uninstall the package that adds it."
        )
    return suite


def read_yaml(name: str) -> dict[str, Any]:
    """A suite's data file; see :func:`core.datafile.read_yaml`."""
    return cast(dict[str, Any], datafile.read_yaml(DATA / name))


def read_primary(data: Mapping[str, Any]) -> tuple[PrimaryMetric, ...]:
    """The primary metrics and their margins as a data file declares them."""
    return tuple(PrimaryMetric(row["name"], float(row["margin"])) for row in data["primary"])


def check_langs(suite: str, langs: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """``langs`` without repetition. Raises :class:`UsageProblem` for none or an unknown one."""
    wanted = tuple(dict.fromkeys(langs))
    unknown = [lang for lang in wanted if lang not in known]
    if unknown or not wanted:
        asked = f"'{', '.join(unknown)}'" if unknown else "no language"
        raise UsageProblem(
            f"The suite '{suite}' was asked in {asked}. It speaks: {', '.join(known)}."
        )
    return wanted


def check_counts(limit: int | None, samples: int | None) -> None:
    """Raises :class:`UsageProblem` for a limit or a number of samples below 1."""
    for flag, value in (("--limit", limit), ("--samples", samples)):
        if value is not None and value < 1:
            raise UsageProblem(f"{flag} is {value}. It must be 1 or more.")


def item_key(*parts: str) -> str:
    """A stable key: probe, language, route and what else tells items apart, joined by ``/``."""
    return "/".join(parts)


def stratified_limit(
    items: Sequence[Item],
    limit: int | None,
    *,
    seed: int,
    unit: Callable[[Item], tuple[Hashable, Hashable]],
    stratum: Callable[[Item], str],
    contrast: tuple[str, ...] = (),
    only: Collection[str] | None = None,
) -> list[Item]:
    """At most about ``limit`` items of one probe and language, by whole matched sets.

    ``only``: the clusters to choose from; None is all.

    ``unit`` names an item's set as (cluster, template); a set holds all its option orders,
    swaps and routes and is taken whole or not at all. Clusters and templates are spread: the
    first round takes each cluster once, the templates in turn, and the n-th cluster of every
    stratum gets the same template, so that strata are compared on the same wordings. The
    strata in ``contrast`` get equally many sets, at least one each: a limit smaller than that
    is exceeded rather than a comparison left without a side.
    """
    if only is not None:
        items = [item for item in items if item.cluster in only]
    if limit is None or len(items) <= limit:
        return list(items)
    strata: dict[str, dict[tuple[Hashable, Hashable], int]] = defaultdict(dict)
    for item in items:
        sets = strata[stratum(item)]
        sets[unit(item)] = sets.get(unit(item), 0) + 1
    size = max(n for sets in strata.values() for n in sets.values())
    quotas = _quotas({name: len(sets) for name, sets in strata.items()}, limit // size, contrast)
    kept = {
        (name, key)
        for name, sets in strata.items()
        for key in _spread(list(sets), seed)[: quotas[name]]
    }
    return [item for item in items if (stratum(item), unit(item)) in kept]


def in_full_and_sampled(
    items: Sequence[Item], sampled: int, cut: Callable[[list[Item], int | None], list[Item]]
) -> list[Item]:
    """All by likelihood; of the sampled items, which cost more, as many as ``cut`` keeps."""
    budgets = ((Route.LIKELIHOOD, None), (Route.SAMPLED, sampled))
    return [
        kept
        for route, budget in budgets
        for kept in cut([item for item in items if item.route is route], budget)
    ]


def _quotas(available: Mapping[str, int], budget: int, contrast: tuple[str, ...]) -> dict[str, int]:
    """Sets per stratum: proportional, but equal (and at least 1) over the contrast's strata."""
    total = sum(available.values())
    sides = [name for name in available if name in contrast] or list(available)
    others = {name: n for name, n in available.items() if name not in sides}
    spare = max(0, budget - len(sides))
    quotas = {name: spare * n // total for name, n in others.items()}
    each = max(1, (budget - sum(quotas.values())) // len(sides))
    return quotas | {name: min(each, min(available[s] for s in sides)) for name in sides}


def _spread(sets: list[tuple[Hashable, Hashable]], seed: int) -> list[tuple[Hashable, Hashable]]:
    """The sets in an order that uses every cluster before any twice and rotates the templates."""
    clusters = sorted({c for c, _ in sets}, key=lambda c: drawn(seed, c))
    templates = sorted({t for _, t in sets}, key=lambda t: drawn(seed, t))
    present = set(sets)
    rounds = (
        (cluster, templates[(i + r) % len(templates)])
        for r in range(len(templates))
        for i, cluster in enumerate(clusters)
    )
    return [key for key in rounds if key in present]


def drawn(seed: int, name: Hashable) -> str:
    """A sort key that puts names into an order drawn by the seed.

    A hash instead of a generator: one more name does not reorder the others.
    """
    return hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()
