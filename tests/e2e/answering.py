"""The same questions put to any model by any engine; vLLM in a process that gives its memory back.

Run as a program (``python -m tests.e2e.answering MODEL BACKEND OUT [ADAPTER]``) it writes its
answers to OUT as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from core.models.load import load_backend
from core.models.resolve import resolve
from tests.audit.run_cases import ROOT, environment
from tests.e2e.questions import greedy_requests, suite_requests


@dataclass(frozen=True)
class Answers:
    """Greedy texts, and token log-probabilities (nats) of every candidate, by request key."""

    texts: dict[str, str]
    logprobs: dict[str, list[list[float]]]

    def worst_difference(self, other: Answers) -> float:
        """The largest |difference| of any candidate's summed log-probability, in nats.

        Both must have cut every candidate into the same number of tokens.
        """
        assert self.logprobs.keys() == other.logprobs.keys()
        worst = 0.0
        for key, ours in self.logprobs.items():
            theirs = other.logprobs[key]
            assert [len(t) for t in ours] == [len(t) for t in theirs], key
            for mine, yours in zip(ours, theirs, strict=True):
                difference = abs(sum(mine) - sum(yours))
                assert difference == difference, f"{key}: not a number"
                worst = max(worst, difference)
        return worst


def answer(model: str, backend: str, adapter: Path | None = None) -> Answers:
    """Load by the path an audit takes, ask everything, let go."""
    loaded = load_backend(resolve(model), backend=backend, adapter=adapter)
    try:
        texts = {g.key: g.text for batch in loaded.generate(greedy_requests()) for g in batch}
        logprobs = {
            s.key: [list(tokens) for tokens in s.token_logprobs]
            for batch in loaded.score(suite_requests())
            for s in batch
        }
    finally:
        loaded.close()
    return Answers(texts, logprobs)


def answer_in_process(model: str, backend: str, out: Path, adapter: Path | None = None) -> Answers:
    """:func:`answer` in a process of its own."""
    words = [model, backend, str(out), *([str(adapter)] if adapter else [])]
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.answering", *words], cwd=ROOT, timeout=300,
        env=environment(OMP_NUM_THREADS="2", VLLM_CPU_KVCACHE_SPACE="1"),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return Answers(**json.loads(out.read_text(encoding="utf-8")))


def main() -> None:
    model, backend, out, *adapter = sys.argv[1:]
    found = answer(model, backend, Path(adapter[0]) if adapter else None)
    Path(out).write_text(json.dumps(asdict(found)), encoding="utf-8")


if __name__ == "__main__":
    main()
