"""The measurements as docs/peers.md; every number of the page comes from them."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.peers import page_genderbench
from benchmarks.peers.genderbench_probes import PROBES
from benchmarks.peers.tables import Found, line, number, p_value, primary

COMMAND = "python -m benchmarks.peers --write docs/peers.md"

_INTRODUCTION = """# Beside the field's other tools

    {command}

runs each tool on SmolLM2-135M-Instruct on this machine (two CPU cores) and writes this page; what
has not changed since the last time is not run again. Each tool has an environment of its own, made
on the first call. What a tool measures is its own choice: the numbers answer different questions
and are no ranking. What each says about its own uncertainty is in the last column.

| tool | asked | says | about its uncertainty |
| --- | --- | --- | --- |
"""

_LIKELIHOODS = """## The same likelihoods

The log-likelihoods of {sentences:,} sentences by this project (transformers) and by
lm-evaluation-harness differ by {difference:.1e} nats at most. Its share counts pairs. Ours is the
same share of the pairs about gender minus one half, ties apart, with the writers of the pairs as
clusters: eight of them wrote half of all pairs, so pairs are not independent.
"""

_TIMES = """## Seconds

{rows}

Beside other programs, so for the order of magnitude only. Without loading the model, except
lm-eval and GenderBench. LangFair reads answers that are there already.
"""

#: Suites whose primary metrics are all shown; of others those that stand beside another tool's.
_WHOLE = ("occupations", "crows-pairs")
_OWN = ("occupations", "names", "discrim-eval", "crows-pairs")
_TITLES = {
    **{suite: f"Equipoise `{suite}`" for suite in _OWN},
    "lm-eval": "lm-eval",
    "genderbench": "GenderBench",
    "langfair": "LangFair",
}


def write_page(found: Found) -> str:
    """The page; tools that are missing in ``found`` are left out."""
    rows = [*_own(found), *_harness(found), *_genderbench(found), *_langfair(found)]
    parts = [_INTRODUCTION.format(command=COMMAND) + "\n".join(rows)]
    if harness := found.get("lm-eval"):
        parts.append(
            _LIKELIHOODS.format(
                sentences=2 * harness["pairs"], difference=harness["largest_difference"]
            )
        )
    if "genderbench" in found:
        parts.append(page_genderbench.section(found))
    parts.append(_TIMES.format(rows="\n".join(_seconds(found))))
    if missing := found.get("missing"):
        parts.append("## Not compared here\n\n" + "\n".join(f"- {why}" for why in missing))
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _own(found: Found) -> Iterator[str]:
    compared = {metric for probe in PROBES for metric in probe.beside.values()}
    for suite in _OWN:
        for name, row in primary(found, suite).items():
            if suite in _WHOLE or (suite, name) in compared:
                yield line(
                    "Equipoise",
                    f"`{suite}`",
                    f"`{name}` {number(row['estimate'])}: **{row['verdict']}**",
                    f"95 % interval {number(row['ci_low'])} to {number(row['ci_high'])}, "
                    f"adjusted p {p_value(row['p_adjusted'])}, margin {row['margin']}",
                )


def _harness(found: Found) -> Iterator[str]:
    harness = found.get("lm-eval")
    if harness is None:
        return
    for title, asked in (("CrowS-Pairs", harness), ("CrowS-Pairs, gender", harness["gender"])):
        for name, value in asked["results"].items():
            metric, _, _ = name.partition(",")
            error = asked["results"].get(name.replace(metric, f"{metric}_stderr"))
            if not metric.endswith("_stderr"):
                yield line(
                    f"lm-eval {harness['version']}",
                    f"{title}, the same {asked['pairs']:,} pairs",
                    f"`{metric}` {value:.4f}",
                    "nothing"
                    if error is None
                    else f"standard error {error:.4f}, pairs taken as independent",
                )


def _genderbench(found: Found) -> Iterator[str]:
    if marks := found.get("genderbench"):
        given = [mark for row in marks["probes"] for mark in row["marks"].values()]
        counts = ", ".join(
            f"{given.count(mark)} **{mark or 'none'}**"
            for mark in ("A", "B", "C", "D", None)
            if mark in given
        )
        yield line(
            f"GenderBench {marks['version']}",
            f"{len(marks['probes'])} of its {len(marks['all'])} probes",
            f"{len(given)} marks: {counts}; below",
            "bootstrap intervals; a mark takes the best end",
        )


def _langfair(found: Found) -> Iterator[str]:
    if fair := found.get("langfair"):
        for metric, value in fair["metrics"].items():
            yield line(
                f"LangFair {fair['version']}",
                f"{fair['answers']:,} sampled answers of `occupations`",
                f"{metric} {'none' if value is None else f'{value:.4f}'}",
                "nothing",
            )


def _seconds(found: Found) -> Iterator[str]:
    yield "| tool | seconds |\n| --- | ---: |"
    for name, title in _TITLES.items():
        if name in found:
            yield f"| {title} | {found[name]['seconds']:.0f} |"
