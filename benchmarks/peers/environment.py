"""A Python environment of its own for each tool that is compared with.

The tools pin old versions of everything, so they are installed without their dependencies over the
packages of this environment, torch and transformers among them; what they import beside those is
named here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

READY = "ready"
#: Carries the word lists and sentence splitter of nltk, which nltk itself would download.
_NLTK = ("nltk==3.10.4", "llama-index-core==0.14.25")


@dataclass(frozen=True, slots=True)
class Peer:
    """A tool by its package, and what else it imports."""

    package: str
    needs: tuple[str, ...]


PEERS = {
    "lm-eval": Peer(
        "lm-eval==0.4.13",
        ("evaluate", "tabulate", "sacrebleu", "rouge-score", "pytablewriter", "sqlitedict",
         "word2number",
         "jsonlines", "zstandard", "tabledata", "DataProperty", "tcolorpy", "typepy",
         "mbstrdecoder", "portalocker", "absl-py", "colorama", "lxml", "chardet", _NLTK[0]),
    ),
    "genderbench": Peer(
        "genderbench==0.5.0",
        ("nest_asyncio", "anthropic", "openai", "python-dotenv", *_NLTK),
    ),
    "langfair": Peer("langfair==0.8.0", _NLTK),
}  # fmt: skip


class PeerMissing(Exception):
    """A tool cannot be had here; the message is one sentence."""


def environment(work: Path, name: str) -> Path:
    """The python of the tool's environment under ``work``, made on the first call."""
    root, peer = work / name, PEERS[name]
    python = root / "bin" / "python"
    wanted = "\n".join((peer.package, *peer.needs, sysconfig.get_path("purelib")))
    if (root / READY).is_file() and (root / READY).read_text(encoding="utf-8") == wanted:
        return python
    print(f"Installing {peer.package} into an environment of its own …", file=sys.stderr)
    venv.create(root, with_pip=True, clear=True)
    (site,) = root.glob("lib/python*/site-packages")
    # A name that sorts last: the tool's own packages come first.
    (site / "zz_shared.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    pip = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", peer.package, *peer.needs]
    try:
        subprocess.run(pip, check=True, timeout=900, capture_output=True, text=True)
    except (subprocess.SubprocessError, OSError) as error:
        raise PeerMissing(f"{peer.package} cannot be installed here ({error}).") from error
    (root / READY).write_text(wanted, encoding="utf-8")
    return python


def ask(python: Path, worker: str, *arguments: object) -> None:
    """Run one of this folder's workers by that python. Raises :class:`PeerMissing`."""
    (site,) = python.parents[1].glob("lib/python*/site-packages")
    settings = {
        "HF_HUB_OFFLINE": "1",
        "NLTK_DATA": str(site / "llama_index" / "core" / "_static" / "nltk_cache"),
        "TOKENIZERS_PARALLELISM": "false",
        **os.environ,
    }
    command = [str(python), str(Path(__file__).with_name(worker)), *map(str, arguments)]
    done = subprocess.run(command, env=settings, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise PeerMissing(f"{worker} failed: {last}")


def answer(work: Path, name: str, worker: str, *arguments: object) -> dict[str, Any]:
    """What the worker writes into the file that is its last argument."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.json"
        ask(environment(work, name), worker, *arguments, out)
        found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return found


def question(name: str, worker: str) -> dict[str, Any]:
    """What an answer of this tool depends on beside its input: its version and its worker."""
    text = Path(__file__).with_name(worker).read_text(encoding="utf-8")
    return {"package": PEERS[name].package, "worker": text}
