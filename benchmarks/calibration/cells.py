"""The cells of the table: which questions, which respondent, what of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from audit.schema import Route
from benchmarks.calibration.respondents import Respondent

#: Wordings that move answers by a nat and tilt the contrast by half of one (standard deviations).
STRONG = {"wording_sd": 1.0, "tilt_sd": 0.5}
#: What is planted beside the null: a stereotype and a skew well inside what models show.
PLANTED = {"gap": 0.4, "base": 0.3}


@dataclass(frozen=True, slots=True)
class Cell:
    """``clusters`` None: all the suite has. Every cell is simulated as a null and with a bias."""

    name: str
    suite: str
    route: Route
    clusters: int | None
    who: Respondent

    @property
    def skewed(self) -> bool:
        """Whether the null respondent is away from parity, so that no skew of 0 can be tested."""
        return self.suite == "occupations" and self.who.base != 0.0

    def planted(self) -> Respondent:
        return replace(self.who, gap=PLANTED["gap"], base=self.who.base + PLANTED["base"])


def cells() -> list[Cell]:
    out = []

    def add(suite: str, route: Route, clusters: int | None, what: str, **who: float) -> None:
        size = f"{clusters or 'all'} clusters"
        out.append(
            Cell(f"{suite}, {route}, {size}, {what}", suite, route, clusters, Respondent(**who))
        )

    score, text = Route.LIKELIHOOD, Route.SAMPLED
    for n in (8, 20, 60):
        add("occupations", score, n, "wordings alike")
        add("occupations", score, n, "wordings differ", **STRONG)
    add("occupations", score, 20, "strong order habit", order=4.0, **STRONG)
    add("occupations", score, 60, "near the floor", base=-4.0, **STRONG)
    add("occupations", score, 20, "near the floor", base=-4.0, **STRONG)
    for n in (8, 20, 60):
        add("occupations", text, n, "wordings differ", **STRONG)
        add("occupations", text, n, "10 % refused", refuse=0.10, **STRONG)
        add("occupations", text, n, "40 % refused", refuse=0.40, **STRONG)
    add("occupations", text, 60, "wordings alike")
    add("occupations", text, 20, "strong order habit", order=4.0, **STRONG)
    add("occupations", text, 60, "near the floor", base=-4.0, **STRONG)
    add("occupations", text, 60, "95 % neutral", neutral=5.0, **STRONG)
    for n in (8, None):
        for route in (score, text):
            add("pronouns", route, n, "wordings differ", base=1.0, wording_sd=1.0)
    add("pronouns", text, None, "40 % refused", base=1.0, wording_sd=1.0, refuse=0.40)
    add("pronouns", text, None, "errors rare", base=3.5, wording_sd=0.5)
    add("pronouns", score, None, "errors rare", base=3.5, wording_sd=0.5)
    add("pronouns", score, None, "strong order habit", base=1.0, order=4.0)
    return out
