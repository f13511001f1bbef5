"""Public benchmarks before and after, where their texts are on this machine.

No training pair comes from them (design: the verdict is also on a public benchmark never trained
on). They are asked with a limit: the comparison is paired, question by question, so some hundred
questions tell.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from audit.probes.base import get_suite
from audit.probes.public_data import TextsMissing
from remediate.repair import Repair
from remediate.stages import audits

SUITES = ("winobias", "crows-pairs")
LIMIT = 400
BEFORE, AFTER = "public_before", "public_after"


def suites_here(langs: tuple[str, ...]) -> tuple[str, ...]:
    """Those whose texts are found and that speak one of ``langs`` (docs/benchmarks-public.md)."""
    return tuple(name for name in SUITES if _spoken(name, langs) and _is_here(name))


def _spoken(name: str, langs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(lang for lang in langs if lang in get_suite(name).langs)


def _is_here(name: str) -> bool:
    suite = get_suite(name)
    try:
        suite.items(langs=suite.langs, seed=0, limit=1, samples=1)
    except TextsMissing:
        return False  # a part of the texts, though, is a problem to be told
    return True


def ask(repair: Repair, name: str, model: Path) -> None:
    """Audit ``model`` on the benchmarks found into the folder's ``name``, if not done yet.

    After the repair the same ones are asked as before it, or none.
    """
    options = repair.options
    earlier = repair.facts(BEFORE)
    if repair.facts(name) is not None or repair.about_pictures:
        return  # these benchmarks are texts
    suites = suites_here(options.langs) if name == BEFORE else tuple((earlier or {})["suites"])
    with repair.step(name, _title(name, suites)) as facts:
        facts["suites"] = list(suites)
        if suites:
            langs = _spoken(suites[0], options.langs)
            settings = {
                "suites": list(suites),
                "langs": list(langs),
                "limit": min(options.limit or LIMIT, LIMIT),
                "only": {},
            }
            audits.run(repair, name, model, **settings)


def _title(name: str, suites: tuple[str, ...]) -> str:
    if not suites:
        return "No public benchmark is on this machine (docs/benchmarks-public.md)."
    when = "before" if name == BEFORE else "after"
    return f"Asking public benchmarks ({', '.join(suites)}; {when}) …"


def compared(repair: Repair) -> list[dict[str, Any]]:
    """The paired changes of the benchmarks asked; none where none was."""
    if not (repair.facts(BEFORE) or {}).get("suites") or repair.facts(AFTER) is None:
        return []
    return audits.compare(repair, BEFORE, AFTER)
