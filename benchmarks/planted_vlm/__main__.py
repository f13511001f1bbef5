"""Train the planted vision-language model, or its twin without a plant.

    python -m benchmarks.planted_vlm OUT [--plant default|none] [--seed N]

Trains once a plant and seed (four to six minutes on two cores) and keeps the result in the cache;
OUT gets a copy.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from pathlib import Path

from audit.pictures import PictureOptions, load_set
from benchmarks.planted_vlm.build import Built, build
from benchmarks.planted_vlm.plant import PLANTS, load_plant
from core.errors import EquipoiseError, UsageProblem


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.planted_vlm", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("out", type=Path, help="an empty or new folder for the model")
    parser.add_argument("--plant", choices=PLANTS, default="default", help="none: the twin")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    # Threads that spin while they wait are a third faster where the cores are free; on a busy
    # machine they take the time of the one they wait for (seen: six times the processor time).
    # Read when torch is loaded; changes no sum.
    busy = os.getloadavg()[0] > 0.5 * (os.cpu_count() or 1)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE" if busy else "ACTIVE")
    try:
        _run(options.out, options.plant, options.seed)
    except EquipoiseError as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code
    return 0


def _run(out: Path, plant: str, seed: int) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageProblem(f"{out} is not empty; name a new folder for the model.")
    wanted = Built(load_plant(plant), load_set(PictureOptions()), seed)
    begun = time.monotonic()

    def progress(step: int, loss: float) -> None:
        if step % 50 == 0:
            print(
                f"step {step}/{wanted.recipe.steps}  loss {loss:.3f}  "
                f"{time.monotonic() - begun:.0f} s",
                file=sys.stderr,
                flush=True,
            )

    folder = build(wanted, progress=progress)
    shutil.copytree(folder, out, dirs_exist_ok=True)
    print(f"{out} (from {folder}), {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
