"""Whole runs of suite ``vqa-gender`` without an engine: a simulated one stands in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from audit import runner
from audit.probes import vqa_gender
from audit.runner import RunOptions, RunOutcome, collect_items, run_audit
from core.models import load
from tests.audit.made_pictures import JOBS, SKINS, make_set
from tests.audit.run_cases import Quiet
from tests.audit.seeing import SimulatedEngine, Viewer


class Simulated:
    """``folder``: where the pictures lie. The model is a local folder that claims to see."""

    def __init__(
        self, patch: pytest.MonkeyPatch, folder: Path, *,
        jobs: Sequence[str] = JOBS, skins: Sequence[str] = SKINS,
    ) -> None:  # fmt: skip
        self.set = make_set(folder / "pictures", jobs=jobs, skins=skins)
        self.model = folder / "model"
        self.model.mkdir()
        (self.model / "config.json").write_text('{"model_type": "x", "vision_config": {"a": 1}}')
        (self.model / "tokenizer.json").write_text("{}")
        (self.model / "model.safetensors").write_bytes(b"\x02" + b"\0" * 7 + b"{}")
        self._patch = patch
        self.loaded = 0
        patch.setattr(vqa_gender, "load_set", lambda _: self.set)
        patch.setattr(runner, "_engine", lambda *_: "simulated")

    def run(
        self, out: Path, viewer: Viewer, *, watcher: Quiet | None = None, images: bool = True,
        **other: Any,
    ) -> RunOutcome:  # fmt: skip
        options = RunOptions(str(self.model), suites=("vqa-gender",), out=out, **other)

        def engine(*_: Any, **__: Any) -> SimulatedEngine:
            self.loaded += 1
            return SimulatedEngine(viewer, collect_items(options)[1], images=images)

        with self._engine(engine):
            return run_audit(options, watcher or Quiet())

    @contextmanager
    def _engine(self, make: Any) -> Iterator[None]:
        with self._patch.context() as patch:
            patch.setattr(load, "load_backend", make)
            yield
