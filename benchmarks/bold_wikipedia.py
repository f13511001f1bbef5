"""The sentences that BOLD's prompts were cut from, through the scorers of the suite ``bold``.

    python -m benchmarks.bold_wikipedia

They lie beside the prompts and are the data source WIKI of Dhamala et al. 2021. Sentiment of what
follows the prompt is what the suite would score of a model that writes like Wikipedia. Gender
polarity of whole sentences stands beside the paper's table 3. The paper gives no other figure of
WIKI that rests on VADER or on unigrams: sentiment by source is drawn in its figures 3 to 5 alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from audit.metrics.bold import FIRST, SECOND, text_values
from audit.metrics.text_scores import gender_lean
from audit.probes.base import get_suite
from audit.probes.bold import DOMAINS, FILES, NAME, prompts
from audit.probes.public_data import benchmark_folder, read_text
from audit.schema import RESPONSE_COLUMNS, Item, Label, MetricRow, Route

SENTENCES = tuple(f"wikipedia/{domain}_wiki.json" for domain in DOMAINS)
SUITE = get_suite(NAME)
_SHOWN = ("bold_sentiment", "bold_positive_rate", "bold_negative_rate")
#: Section 3.3 of the paper: names are replaced before a text is scored; of other domains by XYZ.
_STAND_IN = {"gender": "Person", "race": "Person"}
#: Table 3, rows WIKI, unigram matching: what section 6.1.1 merges into a group, male : female. The
#: section does not name sewing; the table's 1,699 industrial texts are with it.
PUBLISHED = {
    "arts & entertainment": (
        (
            "artistic_occupations", "dance_occupations", "entertainer_occupations",
            "film_and_television_occupations", "theatre_personnel", "writing_occupations",
        ),
        1.54,
    ),
    "science & technology": (
        ("computer_occupations", "engineering_branches", "scientific_occupations"), 9.00,
    ),
    "industrial & manufacturing": (
        (
            "industrial_occupations", "metalworking_occupations",
            "railway_industry_occupations", "sewing_occupations",
        ),
        1.35,
    ),
    "healthcare & medicine": (
        ("healthcare_occupations", "mental_health_occupations", "nursing_specialties"), 0.15,
    ),
}  # fmt: skip

#: An answer's label hangs on its text alone in this suite.
_ITEM = Item(
    suite=NAME, probe="", item="", cluster="", template="", variant="", lang="en",
    route=Route.SAMPLED, messages=(),
)  # fmt: skip


def answers(domains: Sequence[str] = DOMAINS, *, whole: bool) -> pd.DataFrame:
    """``RESPONSE_COLUMNS``: Wikipedia in the model's place, one answer a prompt.

    ``whole``: the sentence, the name of its page replaced; else what follows the prompt. Raises
    :class:`core.errors.EnvironmentProblem` where the files are not on this machine.
    """
    empty = dict.fromkeys(RESPONSE_COLUMNS, "")
    rows = [
        empty
        | {
            "suite": NAME, "probe": domain, "group": group, "cluster": page,
            "item": f"{domain}/{group}/{page}/{number}", "template": "continuation", "lang": "en",
            "route": Route.SAMPLED.value, "sample": 0, "reference": np.nan, "response": text,
            "label": SUITE.label(_ITEM, text).value,
        }
        for domain, group, page, number, text in _texts(domains, whole=whole)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(RESPONSE_COLUMNS))


def _texts(domains: Sequence[str], *, whole: bool) -> Iterator[tuple[str, str, str, int, str]]:
    """(domain, group, page, number, text) of every prompt that the suite asks."""
    folder = benchmark_folder(NAME, packaged="BOLD", files=(*FILES, *SENTENCES))
    sentences = {
        domain: json.loads(read_text(folder / file))
        for domain, file in zip(DOMAINS, SENTENCES, strict=True)
    }
    for p in prompts():
        if p.domain in domains:
            sentence = sentences[p.domain][p.group][p.page][p.number].strip()
            if not sentence.startswith(p.text):
                raise SystemExit(f"The sentence of {p.page}, {p.number} has another beginning.")
            page = re.compile(re.escape(p.page.replace("_", " ")), re.IGNORECASE)
            text = page.sub(_STAND_IN.get(p.domain, "XYZ"), sentence)
            yield p.domain, p.group, p.page, p.number, text if whole else sentence[len(p.text) :]


def polarity(frame: pd.DataFrame) -> dict[str, tuple[int, int]]:
    """Groups of the paper → texts that are male and that are female by unigram matching."""
    found = {}
    for name, (groups, _) in PUBLISHED.items():
        leans = [gender_lean(text) for text in frame.loc[frame["group"].isin(groups), "response"]]
        found[name] = leans.count(0.0), leans.count(1.0)
    return found


def persons_mean(frame: pd.DataFrame) -> dict[str, float]:
    """Group of the gender domain → mean sentiment, persons weighing the same."""
    scored = text_values(frame[frame["probe"] == "gender"])
    by_person = scored.groupby(["group", "cluster"])["value"].mean()
    return {str(group): float(mean) for group, mean in by_person.groupby("group").mean().items()}


def main() -> None:
    ways = {"what follows the prompt": False, "whole, names replaced": True}
    frames = {way: answers(whole=whole) for way, whole in ways.items()}
    found = {way: SUITE.metrics(frame, seed=0, margins=None) for way, frame in frames.items()}
    print("| text | read | of | actresses | actors | bold_sentiment_gap | 95 % interval |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for way, frame in frames.items():
        sides = persons_mean(frame)
        gap = _find(found[way], "bold_sentiment_gap", "all")
        print(
            f"| {way} | {_read(frame)} | {len(frame)} | {sides[FIRST]:.3f} | {sides[SECOND]:.3f} "
            f"| {gap.estimate:.3f} | {gap.ci_low:.3f} to {gap.ci_high:.3f} |"
        )
    for way, rows in found.items():
        print(f"\n| {way} | {' | '.join(_SHOWN)} |\n| --- | --- | --- | --- |")
        for slice_ in dict.fromkeys(r.slice for r in rows if r.slice != "all"):
            cells = [_find(rows, metric, slice_).estimate for metric in _SHOWN]
            shown = " | ".join("–" if cell is None else f"{cell:.3f}" for cell in cells)
            print(f"| {slice_.rpartition(':')[2]} | {shown} |")
    print("\n| unigram matching | male | female | male : female | published |")
    print("| --- | --- | --- | --- | --- |")
    for name, (male, female) in polarity(frames["whole, names replaced"]).items():
        ratio = f"{male / female:.3f}"
        print(f"| {name} | {male} | {female} | {ratio} | {PUBLISHED[name][1]:.2f} |")


def _read(frame: pd.DataFrame) -> int:
    return int((~frame["label"].isin((Label.REFUSED, Label.UNPARSED))).sum())


def _find(rows: Sequence[MetricRow], metric: str, slice_: str) -> MetricRow:
    return next(r for r in rows if (r.metric, r.slice) == (metric, slice_))


if __name__ == "__main__":
    main()
