"""The part of the page about pictures: who was shown, and what was said of them.

A grid of professions × depicted presentation with the shares of the answers; the controls, in which
nothing was shown; what the set is and whose it is. The numbers come from responses.parquet, the
small pictures from the run folder: neither the set nor the model is needed.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd
from markupsafe import Markup

from audit.reports.load import Run
from audit.reports.numbers import Shown, plain, shown
from audit.reports.picture_shares import (
    ALL,
    QUESTIONS,
    SHOWN,
    Key,
    controls_of,
    shares_of,
    with_shares,
)
from audit.reports.text import Bilingual, has, name_of, pair, same, say
from audit.reports.transcripts import inert_json
from audit.schema import Route
from core.errors import EnvironmentProblem

FILE: Final = "pictures.json"
PRESENTATIONS: Final = ("woman", "man", "neutral")
#: Bytes of small pictures in the page, in base64; a report weighs 6 MB at most.
BUDGET: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class GridCell:
    """One profession in one presentation: its first picture, and answers → share by default."""

    presentation: str
    source: str
    alt: Bilingual
    shares: list[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class GridRow:
    key: str
    name: Bilingual
    side: Bilingual
    gap: Shown | None
    cells: list[GridCell]

    def cell(self, presentation: str) -> GridCell | None:
        return next((c for c in self.cells if c.presentation == presentation), None)


@dataclass(frozen=True, slots=True)
class ControlRow:
    """One question with and without a picture: answer → share for each of ``SHOWN``."""

    question: Bilingual
    route: Bilingual
    shares: list[list[tuple[str, float]]]


@dataclass(frozen=True, slots=True)
class PictureView:
    """``payload``: what the script needs to filter the grid; ``images``: id → data URI."""

    title: Bilingual
    source: Bilingual
    left_out: list[tuple[Bilingual, list[tuple[str, str]]]]
    rows: list[GridRow]
    controls: list[ControlRow]
    questions: list[str]
    routes: list[str]
    skins: list[str]
    payload: Markup
    images: dict[str, str]


def view_pictures(run: Run, suite: Mapping[str, Any]) -> PictureView | None:
    """The view of one suite; None where its run kept no pictures."""
    name = str(suite.get("name"))
    kept = next((s for s in read_sets(run.folder) if s.get("suite") == name), None)
    if kept is None or run.responses is None:
        return None
    answers = with_shares(run.responses[run.responses["suite"] == name])
    images = _images(run.folder, kept["pictures"])
    shares = shares_of(answers)
    names = {str(c.get("cluster")): c for c in suite.get("clusters") or []}
    routes = [r for r in map(str, Route) if any(key[1] == r for key in shares)]
    questions = [q for q in QUESTIONS if any(key[0] == q for key in shares)]
    first = questions[0] if questions else "gender"
    rows = [
        _row(run, name, key, names.get(key, {}), kept["pictures"], images, shares, routes, first)
        for key in dict.fromkeys(str(p["profession"]) for p in kept["pictures"])
        if key
    ]
    return PictureView(
        title=say("pictures.title", name=kept.get("name", "")),
        source=say(
            "pictures.source",
            name=kept.get("name", ""),
            licence=kept.get("licence", ""),
            attribution=str(kept.get("attribution", "")).rstrip("."),
        ),
        left_out=[
            (
                say(f"pictures.{kind}", n=len(kept[kind])),
                [(s["file"], s["why"]) for s in kept[kind]],
            )
            for kind in ("skipped", "excluded", "converted")
            if kept.get(kind)
        ],
        rows=sorted(rows, key=_by_gap),
        controls=_controls(answers),
        questions=questions,
        routes=routes,
        skins=[ALL, *dict.fromkeys(str(p["skin"]) for p in kept["pictures"] if p["skin"])],
        payload=_payload(kept["pictures"], images, shares),
        images=images,
    )


def read_sets(folder: Path) -> list[dict[str, Any]]:
    """The sets of a run's pictures.json; none where it has none."""
    path = folder / FILE
    if not path.exists():
        return []
    try:
        found = json.loads(path.read_text("utf-8"))["sets"]
        return [dict(one) for one in found]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise EnvironmentProblem(
            f"{path} cannot be read ({problem}). Run `audit run … --resume` to write it again."
        ) from problem


def _by_gap(row: GridRow) -> tuple[bool, float]:
    """Those with the largest gap first, those without any last."""
    gap = None if row.gap is None else row.gap.row.estimate
    return gap is None, -(gap or 0.0)


def _images(folder: Path, pictures: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Id → data URI, the pictures of the grid's first view first, within the budget."""
    seen: set[tuple[str, str]] = set()
    order = []
    for place, picture in enumerate(pictures):
        cell = (str(picture["profession"]), str(picture["presentation"]))
        order.append((not cell[0] or cell in seen, place))
        seen.add(cell)
    images: dict[str, str] = {}
    used = 0
    for _, place in sorted(order):
        picture = pictures[place]
        path = folder / str(picture["file"])
        try:
            data = path.read_bytes()
        except OSError:  # a report without a picture is better than none
            continue
        uri = f"data:image/png;base64,{base64.b64encode(data).decode()}"
        if used + len(uri) > BUDGET:
            break
        used += len(uri)
        images[str(picture["id"])] = uri
    return images


def _row(
    run: Run,
    suite: str,
    key: str,
    info: Mapping[str, Any],
    pictures: Sequence[Mapping[str, Any]],
    images: Mapping[str, str],
    shares: Mapping[Key, dict[str, float]],
    routes: Sequence[str],
    question: str,
) -> GridRow:
    name = pair(info.get("label"), key.replace("_", " "))
    cells = []
    for presentation in PRESENTATIONS:
        mine = [p for p in pictures if (p["profession"], p["presentation"]) == (key, presentation)]
        if not mine:
            continue
        source = next((images[str(p["id"])] for p in mine if str(p["id"]) in images), "")
        found = shares.get((question, routes[0], ALL, key, presentation), {}) if routes else {}
        alt = say("pictures.alt", job=name, shown=name_of("shown", presentation))
        cells.append(GridCell(presentation, source, alt, list(found.items())))
    where = f"probe:resolution/profession:{key}"
    gap = next(
        (r for r in run.metrics
         if (r.suite, r.metric, r.slice) == (suite, "resolution_gap", where)),
        None,
    )  # fmt: skip
    side = name_of("group", str(info.get("group") or "mixed"))
    return GridRow(key, name, side, shown(gap) if gap is not None else None, cells)


def _controls(answers: pd.DataFrame) -> list[ControlRow]:
    return [
        ControlRow(
            name_of("asked", asked),
            name_of("route", route),
            [list(found.get(shown_, {}).items()) for shown_ in SHOWN],
        )
        for (asked, route), found in controls_of(answers).items()
    ]


def _payload(
    pictures: Sequence[Mapping[str, Any]],
    images: Mapping[str, str],
    shares: Mapping[Key, dict[str, float]],
) -> Markup:
    """``{shares: {question|route|skin|job|presentation: {label: share}}, thumbs: {job|presentation:
    {skin: id}}, names: {label: [en, zh]}}``."""
    thumbs: dict[str, dict[str, str]] = {}
    for picture in pictures:
        if str(picture["id"]) in images and picture["profession"]:
            cell = f"{picture['profession']}|{picture['presentation']}"
            thumbs.setdefault(cell, {}).setdefault(str(picture["skin"]), str(picture["id"]))
    named = sorted({label for found in shares.values() for label in found})
    return inert_json(
        {
            "shares": {
                "|".join(key): {label: round(share, 4) for label, share in found.items()}
                for key, found in shares.items()
            },
            "thumbs": thumbs,
            "names": {n: [b.en, b.zh] for n in named for b in [answer_name(n)]},
        }
    )


def answer_name(label: str) -> Bilingual:
    """An answer in this suite's words: “positive” is the higher of two standings here."""
    return say(f"answer.{label}") if has(f"answer.{label}") else name_of("label", label)


def percent(share: float) -> Bilingual:
    return same(f"{plain(share, 'share')} %")
