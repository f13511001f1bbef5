"""``python -m benchmarks.calibration``: simulated audits, primitives, and the pages of them.

python -m benchmarks.calibration                        the primitives of docs/statistics.md (20 s)
python -m benchmarks.calibration --audits FILE          simulated audits, a line a batch in FILE
python -m benchmarks.calibration --audits FILE --write docs/calibration.md
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.calibration import primitives


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration")
    parser.add_argument("--simulations", type=int, default=1000, help="of every cell")
    parser.add_argument("--audits", type=Path, metavar="FILE", help="simulate audits into FILE")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="the page of FILE's audits")
    parser.add_argument("--jobs", type=int, default=1, help="processes that simulate")
    parser.add_argument("--no-more", action="store_true", help="write of what FILE has")
    chosen = parser.parse_args()
    if chosen.audits is None:
        primitives.show(chosen.simulations)
        return
    if not chosen.no_more:
        from benchmarks.calibration.batches import simulate

        simulate(chosen.audits, chosen.simulations, chosen.jobs)
    if chosen.write is not None:
        from benchmarks.calibration.page import write

        write(chosen.audits, chosen.write)


if __name__ == "__main__":
    main()
