"""The command line ``remediate``. Nothing heavy is imported before the arguments are checked."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.console import run_command, words
from core.errors import UsageProblem
from remediate.suites import PICTURE_SUITE, TEXT_SUITE

if TYPE_CHECKING:
    from audit.pictures import PictureOptions
    from core.parallel.modes import ParallelConfig
    from remediate.dpo.config import TrainingConfig
    from remediate.repair import Repair

_EXAMPLES = """\
\b
Examples:
  remediate smollm2-135m-instruct
  remediate qwen-7b-chat --tuner qlora --parallel zero3 --nproc 4
  remediate train ./my-model --out runs/my-repair --loss sigmoid --steps 60
  remediate verify ./my-model --out runs/my-repair
  remediate qwen-7b-chat --from runs/qwen-7b-chat-occupations-pronouns
  remediate ./my-model --sweep default --sweep-only
  remediate ./my-vision-model --suite vqa-gender
"""


class _OrModel(click.Group):
    """``remediate MODEL`` is ``remediate run MODEL``."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            args = ["run", *args]
        return super().resolve_command(ctx, args)


def _shared(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options every stage takes; a repair's stages are asked for alike."""
    options = (
        click.argument("model"),
        click.option(
            "--out", type=click.Path(path_type=Path, file_okay=False),
            help="The repair's folder.  [default: repairs/MODEL]",
        ),
        click.option(
            "--backend", type=click.Choice(["auto", "vllm", "transformers"]), default="auto",
            show_default=True, help="The engine for audits and the model's own texts.",
        ),
        click.option(
            "--suite", "suites", default="occupations,pronouns", show_default=True, callback=words,
            help="What the audits ask; occupations is what is repaired, or vqa-gender.",
        ),
        click.option(
            "--image-style", default="openmoji", show_default=True,
            help="vqa-gender: the style of the embedded pictures (openmoji, noto).",
        ),
        click.option(
            "--images", "image_folder",
            type=click.Path(path_type=Path, exists=True, file_okay=False),
            help="vqa-gender: a folder of your own pictures, with --labels or --image-set.",
        ),
        click.option(
            "--labels", type=click.Path(path_type=Path, exists=True, dir_okay=False),
            help="vqa-gender: what the pictures of --images show.",
        ),
        click.option("--image-set", help="vqa-gender: the public set that --images holds."),
        click.option(
            "--lang", "langs", default="en", show_default=True, callback=words,
            help="en, zh or en,zh.",
        ),
        click.option("--seed", type=click.IntRange(0), default=0, show_default=True),
        click.option("--limit", type=int, help="At most about this many audit items a probe."),
        click.option(
            "--loss", default="parity", show_default=True,
            help="parity, sigmoid, ipo, hinge, robust, sigmoid_sft or reference_free.",
        ),
        click.option("--target", default="parity", show_default=True, help="parity or labour."),
        click.option(
            "--tuner", default="lora", show_default=True, help="lora, qlora, dora, rslora or lora+."
        ),
        click.option("--rank", type=int, default=16, show_default=True),
        click.option("--beta", type=float, default=0.1, show_default=True),
        click.option("--steps", type=int, default=300, show_default=True),
        click.option("--batch", type=int, default=8, show_default=True, help="Pairs a step."),
        click.option("--micro-batch", type=int, default=4, show_default=True),
        click.option("--learning-rate", type=float, default=3e-4, show_default=True),
        click.option("--max-length", type=int, default=256, show_default=True),
        click.option(
            "--parallel", default="none", show_default=True, help="none, ddp, zero2, zero3 or fsdp."
        ),
        click.option("--nproc", type=int, default=1, show_default=True, help="Processes."),
        click.option("--offload", is_flag=True, help="Keep divided states in host memory."),
        click.option("--nnodes", type=int, default=1, show_default=True, help="Machines."),
        click.option("--node-rank", type=int, default=0, show_default=True),
        click.option("--master", help="HOST:PORT of machine 0."),
        click.option(
            "--deepspeed-config", "--deepspeed", "deepspeed_config",
            help="Your own DeepSpeed configuration.",
            type=click.Path(path_type=Path, exists=True, dir_okay=False),
        ),
        click.option(
            "--hub", type=click.Choice(["auto", "hf", "modelscope", "local"]), default="auto",
            show_default=True,
        ),
        click.option("--resume/--no-resume", default=True, show_default=True),
        click.option("--debug", is_flag=True, help="Show tracebacks and the workers' output."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@click.group(
    "remediate", cls=_OrModel, epilog=_EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip
@click.version_option(package_name="equipoise", prog_name="remediate")
def cli() -> None:
    """Repair a model's bias and prove it: `remediate MODEL` runs the whole loop.

    Exit codes: 0 repaired · 1 not repaired, or a gate is broken · 2 wrong usage · 3 the model or
    the machine cannot do it · 130 interrupted (run the same command again to go on).
    """


_FROM = click.option(
    "--from", "source", metavar="RUN", help="Take the audit before from this run folder.",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
)  # fmt: skip


@cli.command(epilog=_EXAMPLES)
@_shared
@click.option("--merge/--no-merge", default=True, show_default=True, help="Or keep an adapter.")
@_FROM
@click.option(
    "--sweep", metavar="GRID.yaml|default",
    help="Train every cell of a grid on the same pairs and go on with the best.",
)  # fmt: skip
@click.option("--sweep-only", is_flag=True, help="Stop after the sweep.")
def run(
    merge: bool, source: Path | None, sweep: str | None, sweep_only: bool, **options: Any
) -> int:
    """Audit, build pairs, train, merge, audit again, report."""
    if sweep_only and sweep is None:
        raise UsageProblem("--sweep-only needs --sweep GRID.yaml (or --sweep default).")
    repair = _repair(options, merge=merge, source=source, sweep=sweep)
    if sweep is not None:
        from remediate.sweep.run import FOLDER, run_sweep
        from remediate.sweep.table import print_sweep

        content = run_sweep(repair, alone=sweep_only)
        print_sweep(content, repair.folder / FOLDER)
        if sweep_only or content["chosen"] is None:
            return 0 if content["chosen"] is not None else 1
    from remediate.pipeline import run_all

    found = run_all(repair)
    if found is None:
        click.echo(repair.folder / "adapter")
        return 0
    return _tell(repair, found)


def _stage(
    name: str, summary: str, *more: Callable[[Callable[..., Any]], Callable[..., Any]]
) -> None:
    def stage(**options: Any) -> int:
        repair = _repair(options, source=options.get("source"))
        from remediate.pipeline import run_stage

        found = run_stage(repair, name)
        if found is not None:
            return _tell(repair, found)
        click.echo(repair.folder)
        return 0

    for option in (*more, _shared):
        stage = option(stage)
    cli.command(name, help=summary, epilog=_EXAMPLES)(stage)


@cli.command(epilog="\b\nExample:\n  remediate plan qwen-7b-chat --nproc 4 --parallel zero3")
@_shared
def plan(**options: Any) -> None:
    """Estimate memory and time of the training in every mode; loads and trains nothing."""
    training, parallel = _training(options), _parallel(options)
    from core.models.resolve import resolve
    from remediate.plan import print_plan

    model = resolve(options["model"], hub=options["hub"])
    if model.path is None:
        raise UsageProblem(f"{options['model']} is a server: its size is not known here.")
    print_plan(model.path, training, parallel)


_stage("data", "Sample the model's texts and build pairs.jsonl with its data card.", _FROM)
_stage("train", "Train the adapter on the folder's pairs.")
_stage("merge", "Merge the adapter and compare merged with base + adapter.")
_stage("verify", "Audit again, judge, report.")


def _training(options: dict[str, Any]) -> TrainingConfig:
    from remediate.dpo.config import TrainingConfig, for_pictures

    if PICTURE_SUITE in options["suites"]:
        options = options | for_pictures(_left_open())
    names = ("loss", "target", "tuner", "rank", "beta", "steps", "batch", "learning_rate")
    return TrainingConfig(
        seed=options["seed"],
        max_length=options["max_length"],
        micro_batch=min(options["micro_batch"], options["batch"]),
        alpha=2 * options["rank"],
        **{name: options[name] for name in names},
        **options.get("beside", {}),
    )


def _left_open() -> set[str]:
    """Names of the options that the command line does not set."""
    from click.core import ParameterSource

    context = click.get_current_context()
    return {
        name
        for name in context.params
        if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE
    }


def _parallel(options: dict[str, Any]) -> ParallelConfig:
    from core.parallel.modes import ParallelConfig

    names = ("nproc", "offload", "nnodes", "node_rank", "master", "deepspeed_config")
    return ParallelConfig(mode=options["parallel"], **{name: options[name] for name in names})


def _repair(
    options: dict[str, Any],
    *,
    merge: bool = True,
    source: Path | None = None,
    sweep: str | None = None,
) -> Repair:
    """Arguments → a repair folder; every wrong combination is told here."""
    from audit.progress import ConsoleWatcher
    from core.models.resolve import check_name
    from remediate.repair import Repair, RepairOptions
    from remediate.sweep.grid import read_sweep

    training, parallel = _training(options), _parallel(options)
    suites, langs = options["suites"], options["langs"]
    pictures = _pictures(options) if PICTURE_SUITE in suites else None
    _check_audits(suites, langs, options)
    check_name(options["model"])
    if pictures is not None:
        _check_pictures(options["model"], pictures, training, sweep)
    name = Path(options["model"]).name if "/" in options["model"] else options["model"]
    return Repair(
        RepairOptions(
            model=options["model"],
            out=options["out"] or Path("repairs") / name,
            suites=suites,
            langs=langs,
            training=training,
            parallel=parallel,
            merge=merge,
            source=source,
            sweep=None if sweep is None else read_sweep(sweep, training),
            pictures=pictures,
            **{
                name: options[name]
                for name in ("backend", "seed", "limit", "hub", "resume", "debug")
            },
        ),
        ConsoleWatcher(),
    )


def _check_audits(suites: tuple[str, ...], langs: tuple[str, ...], options: dict[str, Any]) -> None:
    from audit.probes.base import check_counts, check_langs, get_suite

    aims = [suite for suite in (TEXT_SUITE, PICTURE_SUITE) if suite in suites]
    if len(aims) != 1:
        raise UsageProblem(
            f"--suite must hold {TEXT_SUITE} or {PICTURE_SUITE}, and not both: that is what is "
            "repaired and judged."
        )
    for suite in suites:
        if suite != PICTURE_SUITE:
            get_suite(suite).items(langs=langs, seed=0, limit=options["limit"], samples=None)
            continue
        # Its questions are put once its pictures are there.
        check_langs(suite, langs, get_suite(suite).langs)
        check_counts(options["limit"], None)


def _pictures(options: dict[str, Any]) -> PictureOptions:
    from audit.pictures import PictureOptions

    return PictureOptions(
        style=options["image_style"],
        folder=options["image_folder"],
        labels=options["labels"],
        source=options["image_set"],
    )


def _check_pictures(
    model: str, pictures: PictureOptions, training: TrainingConfig, sweep: str | None
) -> None:
    """Everything that cannot be repaired is told before anything is loaded or downloaded."""
    from audit.pictures import load_set
    from core.models.vision import check_name_takes_images
    from remediate.counterfactual_data.picture_pairs import check_trainable

    check_name_takes_images(model)
    if training.loss == "parity":
        raise UsageProblem(
            "--loss parity makes both answers alike, and of a picture one is right: choose "
            "sigmoid, sigmoid_sft, ipo, hinge or robust."
        )
    if sweep is not None:
        raise UsageProblem(
            "--sweep compares trainings on texts; a repair with pictures has one training."
        )
    check_trainable(load_set(pictures))


def _tell(repair: Repair, found: dict[str, Any]) -> int:
    from remediate.summary import print_summary

    return print_summary(found, repair.folder)


def main(arguments: list[str] | None = None) -> None:
    """Entry point; exits with the codes of the contract."""
    sys.exit(run_command(cli, arguments))
