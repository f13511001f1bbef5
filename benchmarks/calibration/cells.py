"""The cells of the table: which questions, which respondent, what of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from audit.schema import Route
from benchmarks.calibration.respondents import Respondent

#: Wordings that move answers by a nat and tilt the contrast by half of one (standard deviations).
STRONG = {"wording_sd": 1.0, "tilt_sd": 0.5}
#: What is planted beside the null: a stereotype well inside what models show; a skew in the suites
#: that measure one or are moved by one; a gap of refusals where these are compared.
PLANTED = {"gap": 0.4, "base": 0.3, "refuse_gap": 0.4}


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
        gapped = replace(self.who, gap=PLANTED["gap"])
        if self.suite in ("occupations", "pronouns"):
            return replace(gapped, base=self.who.base + PLANTED["base"])
        return replace(gapped, refuse_gap=PLANTED["refuse_gap"] if self.suite == "tone" else 0.0)


def cells() -> list[Cell]:
    """Those of the two suites that every audit begins with, then one or two of every other."""
    out = []

    def add(suite: str, route: Route, clusters: int | None, what: str, **who: float) -> None:
        size = f"{clusters or 'all'} clusters"
        name = ", ".join(part for part in (suite, route, size, what) if part)
        out.append(Cell(name, suite, route, clusters, Respondent(**who)))

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
    add("occupations", text, 60, "95 % neutral", third=5.0, **STRONG)
    for n in (8, None):
        for route in (score, text):
            add("pronouns", route, n, "wordings differ", base=1.0, wording_sd=1.0)
    add("pronouns", text, None, "40 % refused", base=1.0, wording_sd=1.0, refuse=0.40)
    add("pronouns", text, None, "errors rare", base=3.5, wording_sd=0.5)
    add("pronouns", score, None, "errors rare", base=3.5, wording_sd=0.5)
    add("pronouns", score, None, "strong order habit", base=1.0, order=4.0)
    for route in (score, text):
        add("names", route, None, "wordings differ", **STRONG)
        add("attributes", route, None, "wordings differ", tilt_sd=0.5)
    add("tone", text, None, "wordings differ", slope_sd=0.3, refuse=0.10, **STRONG)
    for route in (score, text):
        add("vqa-gender", route, None, "", slope_sd=0.3)
        add("winobias", route, None, "wordings differ", base=1.0, slope_sd=0.3, **STRONG)
        add("winogender", route, None, "", base=1.0, slope_sd=0.3)
        add("bbq", route, None, "")
        add("declared", route, None, "wordings differ", slope_sd=0.3, **STRONG)
    add("cbbq", score, None, "")
    add("honest", text, None, "rare", base=-3.0, wording_sd=0.5, tilt_sd=0.25)
    add("crows-pairs", score, None, "")
    add("stereoset", score, None, "", third=-3.0)
    add("bold", text, None, "")
    add("discrim-eval", score, None, "", slope_sd=0.3)
    return out
