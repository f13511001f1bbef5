"""Pages of simulated runs, built once: a repair, a table of runs, and one of hostile texts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from audit.compare import Comparison, compare_runs, save
from audit.comparison import ModelsTable, save_models, tabulate
from audit.metrics import answer_changes, estimates
from audit.reports.compare import build_comparison, build_models
from tests.audit.simulated_runs import answers, write_run

HOSTILE = "</script><script>window.owned=1</script>\u202e{{ 7*7 }}"


@dataclass(frozen=True)
class Pages:
    """``hostile`` are the same two pages where every text that a run may hold is an attack."""

    comparison: Comparison
    compare: Path
    table: ModelsTable
    models: Path
    hostile: tuple[Path, Path]


def rename(folder: Path, text: str) -> None:
    """*text* as the model's name and wherever else a manifest and results hold words."""
    for name in ("run.json", "results.json"):
        content = json.loads((folder / name).read_text())
        content["model"]["name"] = text
        if name == "run.json":
            content |= {"command": text, "instruction": text, "finished": text, "seed": text}
            content["backend"]["name"] = content["model"]["adapter_fingerprint"] = text
        else:
            content["suites"][0]["title"] = {"en": text, "zh": text}
            for row in content["metrics"]:
                row["note"] = row["test"] = text
        (folder / name).write_text(json.dumps(content))


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Pages:
    root = tmp_path_factory.mktemp("compared")
    patch = pytest.MonkeyPatch()
    for module in (estimates, answer_changes):
        patch.setattr(module, "RESAMPLES", 300)
    patch.setattr(estimates, "RESAMPLES_SLICE", 50)
    frames = {name: answers(gap, n) for n, (name, gap) in
              enumerate((("before", 3.0), ("after", 0.3), ("other", 1.2)))}  # fmt: skip
    frames["after"].loc[frames["after"].index[-30:-10], "label"] = "refused"
    runs = {name: write_run(root / name, frame) for name, frame in frames.items()}
    fewer = write_run(root / "fewer", frames["other"].iloc[40:])
    comparison = compare_runs(runs["before"], runs["after"])
    table = tabulate([*runs.values(), fewer])
    out = root / "out"
    save(comparison, out)
    save_models(table, out)
    compare_page = build_comparison(comparison, out, command="audit compare before after")
    models_page = build_models(table, out, command="audit compare before after other fewer")

    evil = [write_run(root / f"evil{n}", frame, fingerprint=HOSTILE)
            for n, frame in enumerate(list(frames.values())[:2])]  # fmt: skip
    for folder in evil:
        rename(folder, HOSTILE)
    hostile = (
        build_comparison(compare_runs(*evil), root / "evil0", command=HOSTILE),
        build_models(tabulate([*evil, fewer]), root / "evil0", command=HOSTILE),
    )
    patch.undo()
    return Pages(comparison, compare_page, table, models_page, hostile)
