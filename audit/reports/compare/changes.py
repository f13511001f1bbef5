"""Rows of a comparison, ready to be shown, and a suite's sentence. No HTML, no chart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.compare import Comparison
from audit.metrics.answer_changes import AnswerChange, MissingChange
from audit.metrics.changes import MetricChange, Outcome
from audit.reports.compare.words import Bilingual, cleft, has, join, name_of, noted, say
from audit.reports.numbers import DASH, Shown, p_text, plain, shown, with_unit
from audit.reports.text import same
from audit.reports.view import SEVERITY, metric_text
from audit.schema import MetricRow, Verdict

#: What a suite's sentence is about: the worst that happened, then the best, then nothing.
LEADING = (
    Outcome.REVERSED, Outcome.INCREASED, Outcome.REDUCED, Outcome.CHANGED, Outcome.INCONCLUSIVE,
    Outcome.INSUFFICIENT_EVIDENCE,
)  # fmt: skip
#: The verdict whose badge an outcome wears.
BADGES: Mapping[str, str] = {
    Outcome.REDUCED: Verdict.WITHIN_MARGIN, Outcome.INCREASED: Verdict.BIASED,
    Outcome.REVERSED: Verdict.BIASED, Outcome.CHANGED: Verdict.INCONCLUSIVE,
    Outcome.INCONCLUSIVE: Verdict.INCONCLUSIVE,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One metric of one route. ``verdicts`` are the two runs' own; empty ones are None."""

    source: MetricChange
    name: Bilingual
    about: Bilingual
    before: Shown
    after: Shown
    change: Shown
    verdicts: tuple[str, str] | None

    @property
    def primary(self) -> bool:
        return self.source.role == "primary"

    @property
    def p_adjusted(self) -> str:
        return p_text(self.source.p_adjusted)

    @property
    def shrinkage(self) -> Bilingual:
        return with_unit(self.source.shrinkage, "share")

    @property
    def shrinkage_bounds(self) -> str:
        low, high = self.source.shrinkage_low, self.source.shrinkage_high
        return DASH if None in (low, high) else f"{plain(low, 'share')} … {plain(high, 'share')}"

    @property
    def note(self) -> Bilingual:
        return cleft(noted(filter(None, self.source.note.split("; "))))

    @property
    def outcome(self) -> Bilingual:
        return name_of("outcome", self.source.outcome)

    @property
    def badge(self) -> str:
        return BADGES.get(self.source.outcome, Verdict.INSUFFICIENT_EVIDENCE)


@dataclass(frozen=True, slots=True)
class SuiteChanges:
    """A suite on the page. ``anchor`` is made by us: a suite's name may hold any character."""

    anchor: str
    suite: str
    title: Bilingual
    badge: str
    outcome: Bilingual
    headline: Bilingual
    tally: Bilingual | None
    remains: Bilingual | None
    primary: list[ChangeView]
    others: list[ChangeView]
    answers: list[AnswerChange]
    missing: list[MissingChange]


def suites_of(comparison: Comparison, titles: Mapping[str, Bilingual]) -> list[SuiteChanges]:
    """Every suite that both runs have, in the order of compare.json."""
    named = [c.suite for c in comparison.changes] + [a.suite for a in comparison.answers]
    names = dict.fromkeys(named + [m.suite for m in comparison.missing])
    return [
        _suite(f"suite-{n}", name, titles.get(name, same(name)), comparison)
        for n, name in enumerate(names)
    ]


def _suite(anchor: str, suite: str, title: Bilingual, comparison: Comparison) -> SuiteChanges:
    views = [_view(c, comparison.verdicts) for c in comparison.changes if c.suite == suite]
    primary = [v for v in views if v.primary]
    lead = _lead(primary)
    return SuiteChanges(
        anchor=anchor,
        suite=suite,
        title=title,
        badge=lead.badge if lead else Verdict.INSUFFICIENT_EVIDENCE,
        outcome=lead.outcome if lead else say("changes.none_chip"),
        headline=_headline(lead),
        tally=_tally(primary),
        remains=_remains(primary),
        primary=primary,
        others=[v for v in views if not v.primary],
        answers=[a for a in comparison.answers if a.suite == suite],
        missing=[m for m in comparison.missing if m.suite == suite],
    )


def _view(row: MetricChange, verdicts: Mapping[str, tuple[str, str]]) -> ChangeView:
    own = verdicts.get(f"{row.suite}/{row.metric}/{row.route}") or ("", "")

    def cell(value: float | None, low: float | None, high: float | None) -> Shown:
        return shown(
            MetricRow(
                row.suite, row.metric, "all", value, low, high, row.ci_level,
                margin=row.margin, route=row.route, note=row.note,
            )
        )  # fmt: skip

    return ChangeView(
        source=row,
        name=metric_text(row.metric, "label"),
        about=metric_text(row.metric, "about"),
        before=cell(row.before, row.before_low, row.before_high),
        after=cell(row.after, row.after_low, row.after_high),
        change=_signed(cell(row.change, row.ci_low, row.ci_high)),
        verdicts=(_known(own[0]), _known(own[1])) if any(own) else None,
    )


def _signed(cell: Shown) -> Shown:
    """A change of a rate is a difference: it has a sign, and is counted in points."""
    return Shown(cell.row, "points") if cell.unit == "share" else cell


def _known(verdict: str) -> str:
    return verdict if verdict in SEVERITY else "unknown"


def _lead(primary: Sequence[ChangeView]) -> ChangeView | None:
    for outcome in LEADING:
        for view in primary:
            if view.source.outcome == outcome:
                return view
    return primary[0] if primary else None


def _headline(lead: ChangeView | None) -> Bilingual:
    if lead is None:
        return say("changes.headline.none")
    key = f"changes.headline.{lead.source.outcome}"
    if not has(key) or lead.source.change is None:
        key = f"changes.headline.{Outcome.INSUFFICIENT_EVIDENCE.value}"
    gaps: dict[str, Any] = {
        "label": lead.name, "lower": lead.name.map(lambda s: s[:1].lower() + s[1:]),
        "before": lead.before.value, "after": lead.after.value,
        "change": lead.change.value, "interval": lead.change.interval,
    }  # fmt: skip
    return say(key, **gaps)


def _tally(primary: Sequence[ChangeView]) -> Bilingual | None:
    if not primary:
        return None
    seen = Counter(v.source.outcome for v in primary)
    order = [*(o.value for o in LEADING), *seen]
    words = [
        say("suite.tally_part", n=seen[o], verdict=name_of("outcome", o).map(str.lower))
        for o in dict.fromkeys(order)
        if seen[o]
    ]
    return say("suite.tally", parts=join(words))


def _remains(primary: Sequence[ChangeView]) -> Bilingual | None:
    """Smaller is not gone: what the later run calls biased."""
    judged = [v for v in primary if v.verdicts is not None]
    biased = [v.name for v in judged if v.verdicts and v.verdicts[1] == Verdict.BIASED]
    if not biased:
        return None
    return say("changes.remains", n=len(biased), total=len(judged), names=join(biased))
