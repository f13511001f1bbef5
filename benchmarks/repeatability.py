"""How much two runs of the same command differ.

audit run MODEL --suite occupations --limit 64 --out A
audit run MODEL --suite occupations --limit 64 --out B
python -m benchmarks.repeatability A B
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pandas as pd


def compare(first: Path, second: Path) -> dict[str, float]:
    """Shares of equal texts and labels, and the largest difference of log-probabilities (nats)."""
    left, right = (pd.read_parquet(folder / "responses.parquet") for folder in (first, second))
    both = left.merge(right, on=["suite", "item", "sample"], suffixes=("_a", "_b"))
    if len(both) != len(left) or len(both) != len(right):
        raise SystemExit("The two runs asked different questions.")
    sampled = both[both["route_a"] == "sampled"]
    scored = both[(both["route_a"] == "likelihood") & (both["logprobs_a"] != "")]
    gaps = [
        abs(value - json.loads(other)[label])
        for text, other in zip(scored["logprobs_a"], scored["logprobs_b"], strict=True)
        for label, value in json.loads(text).items()
    ]
    return {
        "sampled answers": len(sampled),
        "same text": float((sampled["response_a"] == sampled["response_b"]).mean()),
        "same label": float((sampled["label_a"] == sampled["label_b"]).mean()),
        "scored answers": len(scored),
        "largest difference of a log-probability": max(gaps, default=0.0),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    options = parser.parse_args()
    for name, value in compare(options.first, options.second).items():
        print(f"{name}: {value:g}")


if __name__ == "__main__":
    main()
