#!/usr/bin/env bash
# Every benchmark, one after the other; the numbers land in build/bench/*.json.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p build/bench
export HF_HUB_OFFLINE=1
for name in throughput prefix_scoring statistics_engine; do
  echo "## $name"
  .venv/bin/python -m "benchmarks.$name" --out "build/bench/$name.json"
done
