#!/usr/bin/env bash
# Every check, in the order in which they fail fastest.
set -euo pipefail
cd "$(dirname "$0")/.."
export HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false
.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy
# Most tests use one core, so two run at a time, file by file; engines take all there are, one by one.
engines="vllm or e2e"
OMP_NUM_THREADS=1 .venv/bin/pytest --numprocesses "${EQUIPOISE_TEST_WORKERS:-2}" --dist loadfile \
  -m "not (parallel or $engines)" "$@"
.venv/bin/pytest -m "($engines) and not parallel" "$@"
