"""One repair: where things lie, what was asked for, and which steps are done."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.manifest import read_json, write_json
from core.errors import UsageProblem
from core.parallel.modes import ParallelConfig
from remediate.counterfactual_data.splits import Splits, split_occupations
from remediate.dpo.config import TrainingConfig
from remediate.suites import PICTURE_SUITE, TEXT_SUITE
from remediate.sweep.grid import Sweep
from remediate.workers import PROGRESS

if TYPE_CHECKING:
    from audit.pictures import PictureOptions
    from audit.runner import Watcher
    from core.models.resolve import ResolvedModel
    from remediate.counterfactual_data.picture_pairs import Gallery

STATE = "repair.json"


@dataclass(frozen=True, slots=True)
class RepairOptions:
    """What ``remediate`` was asked for."""

    model: str
    out: Path
    suites: tuple[str, ...] = ("occupations", "pronouns")
    backend: str = "auto"
    langs: tuple[str, ...] = ("en",)
    seed: int = 0
    limit: int | None = None
    hub: str = "auto"
    training: TrainingConfig = field(default_factory=TrainingConfig)
    parallel: ParallelConfig = field(default_factory=ParallelConfig)
    merge: bool = True
    #: An audit's run folder that stands for the audit before.
    source: Path | None = None
    #: Trainings to choose one of; ``training`` is then what its cells leave open.
    sweep: Sweep | None = None
    #: The pictures that a vision-language model is repaired with; None: a repair of texts.
    pictures: PictureOptions | None = None
    resume: bool = True
    debug: bool = False

    def identity(self) -> dict[str, Any]:
        """What must not change between a repair and its resumption."""
        return {
            "model": self.model,
            "suites": list(self.suites),
            "backend": self.backend,
            "langs": list(self.langs),
            "seed": self.seed,
            "limit": self.limit,
            "training": self.training.to_json(),
            "parallel": [self.parallel.mode.value, self.parallel.nproc, self.parallel.offload],
            **({"sweep": self.sweep.to_json()} if self.sweep is not None else {}),
            **({"pictures": picture_names(self.pictures)} if self.pictures is not None else {}),
        }


def picture_names(options: PictureOptions) -> dict[str, Any]:
    """JSON-ready, and back again by ``PictureOptions`` of :func:`read_picture_options`."""
    return {
        name: str(value) if isinstance(value, Path) else value
        for name, value in dataclasses.asdict(options).items()
    }


def read_picture_options(found: Mapping[str, Any]) -> PictureOptions:
    """What :func:`picture_names` wrote."""
    from audit.pictures import PictureOptions

    paths = {name: Path(found[name]) for name in ("folder", "labels") if found.get(name)}
    return PictureOptions(**{**found, **paths})


class Repair:
    """A repair folder. ``done`` steps are kept in repair.json and not run again.

    Raises :class:`UsageProblem` where the folder is of a repair that was asked for differently.
    """

    def __init__(self, options: RepairOptions, watcher: Watcher) -> None:
        self.options = options
        self.watcher = watcher
        self.folder = options.out
        self.folder.mkdir(parents=True, exist_ok=True)
        self._state = self._open()
        self.settings = self.folder / "settings"
        self.settings.mkdir(exist_ok=True)
        self._model: ResolvedModel | None = None
        self._gallery: Gallery | None = None

    def _open(self) -> dict[str, Any]:
        path = self.folder / STATE
        wanted = json.loads(json.dumps(self.options.identity()))
        if path.exists() and self.options.resume:
            state = read_json(path)
            was = dict(state.get("identity", {}))
            if self.options.sweep is None and "train" in state["steps"]:
                # What follows a finished sweep (merge, verify) needs not name it again.
                was.pop("sweep", None)
            if was != wanted:
                names = dict.fromkeys((*wanted, *was))
                odd = [name for name in names if was.get(name) != wanted.get(name)]
                raise UsageProblem(
                    f"{self.folder} holds a repair with another {', '.join(odd)}: choose another "
                    "folder with --out, or start it over with --no-resume."
                )
            return state
        if not self.options.resume:
            self._clear(path)
        state = {"identity": wanted, "steps": {}}
        write_json(path, state)
        return state

    def _clear(self, state: Path) -> None:
        """Remove an earlier repair; a folder of anything else is left alone."""
        import shutil

        source = self.options.source
        if source is not None and source.resolve().is_relative_to(self.folder.resolve()):
            raise UsageProblem(
                f"--no-resume would erase {source}, which --from names: choose another folder "
                "with --out."
            )
        if any(self.folder.iterdir()) and not state.exists():
            raise UsageProblem(
                f"{self.folder} holds files but no repair, so --no-resume will not erase it: "
                "choose another folder with --out."
            )
        shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True)

    @property
    def model(self) -> ResolvedModel:
        """Resolved once; every step uses the same folder."""
        if self._model is None:
            from core.models.resolve import resolve

            self._model = resolve(self.options.model, hub=self.options.hub)
            if self._model.path is None:
                raise UsageProblem(
                    f"{self.options.model} is a server: its weights are not here to be repaired. "
                    "Name the model itself."
                )
            self._same_weights(self._model.path)
        return self._model

    def _same_weights(self, path: Path) -> None:
        """A folder of the same name may hold other weights by the time a repair goes on."""
        from core.models.fingerprint import fingerprint_model

        self._remember(
            "fingerprint", fingerprint_model(path), f"The weights of {self.options.model}"
        )

    def _remember(self, name: str, found: str, what: str) -> None:
        """Raises :class:`UsageProblem` where a repair that goes on finds another."""
        known = self._state.get(name)
        if known is None:
            self._state[name] = found
            write_json(self.folder / STATE, self._state)
        elif known != found:
            raise UsageProblem(
                f"{what} are others than when {self.folder} was begun: choose another folder with "
                "--out, or start it over with --no-resume."
            )

    @property
    def model_path(self) -> Path:
        path = self.model.path
        assert path is not None
        return path

    @property
    def splits(self) -> Splits:
        return split_occupations(self.options.seed)

    @property
    def about_pictures(self) -> bool:
        """Whether a vision-language model's reading of pictures is repaired."""
        return self.options.pictures is not None

    @property
    def aim(self) -> str:
        """The suite that is repaired and whose held-out side judges."""
        return PICTURE_SUITE if self.about_pictures else TEXT_SUITE

    @property
    def gallery(self) -> Gallery:
        """The pictures of a repair about pictures, loaded once; every step uses the same."""
        if self._gallery is None:
            from remediate.counterfactual_data.picture_pairs import open_gallery

            options = self.options
            assert options.pictures is not None
            self._gallery = open_gallery(options.pictures, options.seed, options.langs)
            self._remember("pictures", self._gallery.set.fingerprint, "The pictures")
        return self._gallery

    def shared(self) -> dict[str, Any]:
        """What every worker of the training is told of prompts and pictures."""
        return self.chat() | ({"pictures": str(self.gallery.folder)} if self.about_pictures else {})

    def held_out(self) -> dict[str, list[str]]:
        """What the audits that judge ask about, by suite."""
        judging = self.gallery.splits.only if self.about_pictures else self.splits.held_out
        return {self.aim: list(judging)}

    def chat(self) -> dict[str, Any]:
        """The catalogue's chat format for checkpoints that ship none, for a worker's settings."""
        from core.models.chat_formats import fallback_template

        name = self.model.chat_format
        return {
            "chat_template": fallback_template(name) if name else None,
            "chat_name": name or "",
        }

    def train_as(self, training: TrainingConfig) -> None:
        """From here on this is what is trained; what the folder was made for stays in repair.json.

        A sweep's shared steps and its chosen cell differ from what the command line said.
        """
        self.options = dataclasses.replace(self.options, training=training)

    def facts(self, step: str) -> dict[str, Any] | None:
        """What a finished step left behind, or None."""
        found = self._state["steps"].get(step)
        return dict(found) if found is not None else None

    @contextmanager
    def step(self, name: str, title: str) -> Iterator[dict[str, Any]]:
        """Run a step's body; what it puts into the dictionary is kept once it has got through."""
        self.watcher.say(title)
        begun = time.perf_counter()
        facts: dict[str, Any] = {}
        yield facts
        facts["seconds"] = round(time.perf_counter() - begun, 1)
        self._state["steps"][name] = facts
        write_json(self.folder / STATE, self._state)

    def run_worker(self, module: str, name: str, settings: Mapping[str, Any]) -> None:
        """Run a step's heavy part in a process of its own, which gives its memory back.

        The settings go to ``settings/NAME.json``, the output to ``logs/NAME/``.
        """
        from core.parallel.launch import launch

        path = self.settings / f"{name}.json"
        write_json(path, settings)
        config = self.options.parallel if name.startswith("train") else ParallelConfig()
        launch(
            module,
            [str(path)],
            config,
            log_dir=self.folder / "logs" / name,
            on_line=self._tell(debug=self.options.debug),
        )

    def _tell(self, *, debug: bool) -> Callable[[str], None]:
        def tell(line: str) -> None:
            if debug or line.startswith(PROGRESS):
                self.watcher.say(line.removeprefix(PROGRESS).rstrip())

        return tell
