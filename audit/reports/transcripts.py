"""The answers a reader can browse, as JSON inside the page: an even sample within a size budget.

The JSON stands in an inert ``<script type="application/json">``. Every character that could end
that element or break a line of script is written as ``\\uXXXX``, and the page shows texts through
``textContent`` only, so a model's answer can never act.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from markupsafe import Markup

from audit.reports.numbers import count, finite
from audit.reports.text import Bilingual, name_of, say

#: Bytes of JSON; the rest of a page stays far below the 6 MB a report may weigh.
BUDGET: Final = 3_000_000
#: Characters of one text; longer ones are cut and marked.
LONGEST: Final = 1_500
_ESCAPES: Final = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}
_STRATA: Final = ["suite", "probe", "route", "lang", "label"]
_CODED: Final = ("suite", "probe", "route", "lang", "label", "cluster", "variant", "template")
#: What was shown, at the end of a row.
_PICTURED: Final = ("images", "shown", "skin")


@dataclass(frozen=True, slots=True)
class Transcripts:
    payload: Markup
    note: Bilingual
    shown: int
    total: int
    cut: int


def inert_json(value: Any) -> Markup:
    """JSON that is safe inside a script element whatever its strings hold."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    text = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return Markup(text.translate(_ESCAPES))


def collect(
    responses: pd.DataFrame | None,
    cluster_names: Mapping[str, Bilingual],
    suite_names: Mapping[str, Bilingual],
    *,
    budget: int = BUDGET,
) -> Transcripts:
    """Draw evenly over suite × probe × route × language × label until *budget* bytes are used."""
    if responses is None:
        return Transcripts(inert_json(_empty()), say("transcripts.missing"), 0, 0, 0)
    total = len(responses)
    if not total:
        return Transcripts(inert_json(_empty()), say("transcripts.empty"), 0, 0, 0)
    frame = _texts(responses)
    chosen = frame.iloc[_draw(frame, budget)]
    payload = _pack(chosen, {"cluster": cluster_names, "suite": suite_names})
    cut = int((chosen["cut_prompt"] | chosen["cut_response"]).sum())
    key = "transcripts.all" if len(chosen) == total else "transcripts.sample"
    note = say(key, shown=count(len(chosen)), total=count(total))
    return Transcripts(inert_json(payload), note, len(chosen), total, cut)


def _empty() -> dict[str, Any]:
    return {
        "columns": {c: [] for c in (*_CODED, *_PICTURED)},
        "names": {},
        "prompts": [],
        "rows": [],
    }


def _texts(responses: pd.DataFrame) -> pd.DataFrame:
    """Strings everywhere, long ones cut, the likelihoods as probabilities, bytes estimated."""
    frame = pd.DataFrame(index=range(len(responses)))
    responses = _shown(responses)
    for column in (*_CODED, *_PICTURED, "prompt", "response", "logprobs", "finish_reason"):
        values = responses[column].tolist()
        frame[column] = pd.Series(
            ["" if v is None or v != v else str(v) for v in values], dtype=object
        )
    for column in ("prompt", "response"):
        frame[f"cut_{column}"] = frame[column].str.len() > LONGEST
        frame[column] = frame[column].str.slice(0, LONGEST)
    frame["bytes"] = [
        60 + len(inert_json(r)) + len(r.encode("utf-8", "replace")) - len(r)
        for r in (frame["response"] + frame["logprobs"])
    ]
    frame["prompt_bytes"] = [len(inert_json(p).encode("utf-8")) for p in frame["prompt"]]
    return frame


def _shown(responses: pd.DataFrame) -> pd.DataFrame:
    """With what a picture shows: its presentation and skin tone; empty where none was shown."""
    pictured = responses["images"].astype(str) != ""
    shown = responses["group"].astype(str).str.partition("/")[0]
    skin = responses["variant"].astype(str).str.extract(r"(?:^|/)skin:([^/]+)", expand=False)
    return responses.assign(
        shown=shown.where(pictured, ""), skin=skin.where(pictured & skin.notna(), "")
    )


def _draw(frame: pd.DataFrame, budget: int) -> list[int]:
    """Positions kept, in file order: turn by turn one row of every stratum, until full."""
    shuffled = np.random.default_rng(0).permutation(len(frame))
    mixed = frame.iloc[shuffled]
    turn = mixed.groupby(_STRATA, sort=False).cumcount().to_numpy()
    order = shuffled[np.argsort(turn, kind="stable")]
    sizes, prompt_sizes = frame["bytes"].to_numpy(), frame["prompt_bytes"].to_numpy()
    prompts = pd.factorize(frame["prompt"])[0]
    seen: set[int] = set()
    kept: list[int] = []
    used = 0
    for position in order.tolist():
        cost = int(sizes[position])
        if prompts[position] not in seen:
            cost += int(prompt_sizes[position])
        if used + cost > budget:
            continue
        used += cost
        seen.add(int(prompts[position]))
        kept.append(position)
    return sorted(kept)


def _pack(chosen: pd.DataFrame, given: Mapping[str, Mapping[str, Bilingual]]) -> dict[str, Any]:
    """Repeated values become numbers into a list; rows are arrays in a fixed order."""
    columns: dict[str, list[str]] = {}
    codes: list[list[int]] = []
    for column in (*_CODED, *_PICTURED):
        code, values = pd.factorize(chosen[column])
        columns[column] = [str(v) for v in values]
        codes.append(code.tolist())
    prompt_code, prompts = pd.factorize(chosen["prompt"])
    n = len(_CODED)
    rows = [
        [*coded[:n], prompt, response, probabilities(logs), int(cut_p), int(cut_r), *coded[n:]]
        for *coded, prompt, response, logs, cut_p, cut_r in zip(
            *codes,
            prompt_code.tolist(),
            chosen["response"],
            chosen["logprobs"],
            chosen["cut_prompt"],
            chosen["cut_response"],
            strict=True,
        )
    ]
    names: dict[str, dict[str, list[str]]] = {}
    for kind in ("probe", "route", "lang", "label", "variant", "shown", "skin"):
        names[kind] = {v: [b.en, b.zh] for v in columns[kind] for b in [name_of(kind, v)]}
    for kind, known in given.items():
        names[kind] = {v: [b.en, b.zh] for v in columns[kind] if (b := known.get(v)) is not None}
    return {"columns": columns, "names": names, "prompts": list(map(str, prompts)), "rows": rows}


def probabilities(logprobs: str) -> dict[str, float]:
    """``{label: P}`` renormalised over the given answers; {} where there are none."""
    try:
        raw = json.loads(logprobs) if logprobs else {}
    except json.JSONDecodeError:
        return {}
    if not isinstance(raw, dict):
        return {}
    values = {str(k): v for k, x in raw.items() if (v := finite(x)) is not None}
    if not values:
        return {}
    top = max(values.values())
    total = math.fsum(math.exp(v - top) for v in values.values())
    return {k: round(math.exp(v - top) / total, 4) for k, v in values.items()}
