"""Shares of answers about pictures, by question, route, skin tone, profession and what is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd

from audit.reports.transcripts import probabilities
from audit.schema import Label, Route

#: Question → the probes (and, for one of several wordings, the template) whose answers it shows.
QUESTIONS: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "gender": (("resolution", "neutral"), ""),
    "rank": (("occupation",), "rank"),
    "competence": (("occupation",), "competence"),
    "pay": (("occupation",), "pay"),
    "job": (("job",), ""),
    "caption": (("caption",), ""),
}
#: Probes in which a question of another one is asked without its picture.
CONTROLS: Final = ("blank", "text_only")
#: What a question was asked with.
SHOWN: Final = ("woman", "man", "neutral", *CONTROLS)
ALL: Final = "all"

#: (question, route, skin tone or "all", profession, presentation).
Key = tuple[str, str, str, str, str]


def with_shares(frame: pd.DataFrame) -> pd.DataFrame:
    """Answers with what was shown, their question, and answer → share (a probability, or 1)."""
    out = frame.copy()
    out["shown"] = out["group"].str.partition("/")[0]
    out["skin"] = out["variant"].str.extract(r"(?:^|/)skin:([^/]+)", expand=False).fillna("")
    asked = [_asked(*map(str, one)) for one in zip(out["probe"], out["template"], strict=True)]
    out["question"] = [_question(*one) for one in asked]
    out["asked"] = [wording if probe == "occupation" else probe for probe, wording in asked]
    told = zip(out["route"], out["label"], out["logprobs"], strict=True)
    out["shares"] = pd.Series([_told(*one) for one in told], index=out.index, dtype=object)
    return out


def _asked(probe: str, template: str) -> tuple[str, str]:
    """Probe and wording; a control's template names both."""
    if probe not in CONTROLS:
        return probe, template
    name, _, wording = template.partition("-")
    return name, wording


def _told(route: str, label: str, logprobs: str) -> dict[str, float]:
    """Answer → probability; for a text, and where nothing was measured, 1 for its label."""
    chances = {} if route == Route.SAMPLED else probabilities(str(logprobs or ""))
    return chances or {str(label): 1.0}


def _question(probe: str, template: str) -> str:
    for name, (probes, wording) in QUESTIONS.items():
        if probe in probes and wording in ("", template):
            return name
    return ""


def mean_shares(rows: pd.DataFrame) -> dict[str, float]:
    """Answer → mean share, in the order of the labels."""
    totals: dict[str, float] = {}
    for shares in rows["shares"]:
        for label, share in shares.items():
            totals[label] = totals.get(label, 0.0) + share
    order = [str(label) for label in Label]
    return {
        label: totals[label] / len(rows)
        for label in sorted(totals, key=lambda n: order.index(n) if n in order else len(order))
    }


def shares_of(answers: pd.DataFrame) -> dict[Key, dict[str, float]]:
    """Answer → mean share, by key; controls are left out."""
    asked = answers[~answers["probe"].isin(CONTROLS) & (answers["question"] != "")]
    found = {}
    for (question, route, job, shown_), rows in asked.groupby(
        ["question", "route", "cluster", "shown"], sort=False
    ):
        found[str(question), str(route), ALL, str(job), str(shown_)] = mean_shares(rows)
        for skin, own in rows.groupby("skin", sort=False):
            if skin:
                found[str(question), str(route), str(skin), str(job), str(shown_)] = mean_shares(
                    own
                )
    return found


def controls_of(answers: pd.DataFrame) -> dict[tuple[str, str], dict[str, dict[str, float]]]:
    """(what was asked, route) → what it was asked with → answer → share.

    Questions that were asked with and without a picture, in the order asked.
    """
    controlled = answers.loc[answers["probe"].isin(CONTROLS), "asked"].unique()
    rows = answers[answers["asked"].isin(controlled)]
    found: dict[tuple[str, str], dict[str, dict[str, float]]] = {}
    for key, own in rows.groupby(["asked", "route", "shown"], sort=False):
        asked, route, shown = map(str, key)
        found.setdefault((asked, route), {})[shown] = mean_shares(own)
    return found
