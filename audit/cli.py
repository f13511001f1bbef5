"""The command line ``audit``. Nothing heavy is imported before the arguments are checked."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.console import run_command, words
from core.errors import UsageProblem

if TYPE_CHECKING:
    from audit.pictures import PictureOptions
    from audit.planning.detectable import Effect

_EXAMPLES = """
\b
Examples:
  audit run smollm2-135m-instruct --suite occupations
  audit run qwen-7b-chat --suite occupations,pronouns --lang en,zh
  audit run openai:my-model@http://localhost:8000/v1 --suite occupations --limit 200
  audit run qwen2.5-vl-7b-instruct --suite vqa-gender
  audit list models --grep qwen
  audit report runs/smollm2-135m-instruct
  audit gate runs/smollm2-135m-instruct --policy docs/examples/policy.yaml
"""


def _margins(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> dict[str, float]:
    """NAME=VALUE options → margins. A margin is positive."""
    out = {}
    for text in values:
        name, _sign, number = text.partition("=")
        try:
            out[name] = float(number)
        except ValueError:
            raise UsageProblem(f"--margin wants NAME=NUMBER, not '{text}'.") from None
        if not 0 < out[name] < float("inf"):
            raise UsageProblem(f"The margin of {name} must be a positive number, not {number}.")
    return out


def _effect(_: click.Context, __: click.Parameter, value: str | None) -> float | str | None:
    """--effect without a value asks for the margins. An effect is positive."""
    if value in (None, "margin"):
        return value
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise UsageProblem(f"--effect wants a positive number, or none for margins, not '{value}'.")
    return number


def _picture_options(options: dict[str, Any]) -> PictureOptions | None:
    """Take the picture flags out of ``options``; None where none was given."""
    names = {"style": "image_style", "folder": "images", "labels": "labels", "source": "image_set"}
    given = {name: options.pop(flag) for name, flag in names.items()}
    given = {name: value for name, value in given.items() if value is not None}
    if not given:
        return None
    if "labels" in given and "folder" not in given:
        raise UsageProblem("--labels describes the pictures of a folder: name it with --images.")
    from audit.pictures import PictureOptions

    return PictureOptions(**given)


_DEBUG = click.option("--debug", is_flag=True, help="Show tracebacks and the engine's own output.")


@click.group("audit", epilog=_EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="equipoise", prog_name="audit")
def cli() -> None:
    """Audit language models for social bias, with calibrated statistics.

    Exit codes: 0 done · 1 a gate is broken · 2 wrong usage · 3 the model or the machine cannot do
    it · 130 interrupted (run the same command again to go on).
    """


@cli.command(epilog=_EXAMPLES)
@click.argument("model")
@click.option(
    "--suite", "suites", default="occupations", show_default=True, callback=words,
    help="Suites, comma-separated: names that `audit list suites` shows, or YAML files.",
)  # fmt: skip
@click.option(
    "--backend", type=click.Choice(["auto", "vllm", "transformers", "openai"]), default="auto",
    show_default=True, help="The engine; auto is vLLM where installed, openai for servers.",
)  # fmt: skip
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False),
    help="The run folder.  [default: runs/MODEL-SUITES]",
)  # fmt: skip
@click.option(
    "--lang", "langs", default="en", show_default=True, callback=words,
    help="Languages of the questions, comma-separated: en, zh.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option(
    "--limit", type=int, help="At most about this many items a probe, balanced, whole sets."
)
@click.option("--samples", type=int, help="Sampled texts a question, instead of the suite's.")
@click.option(
    "--adapter", type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A LoRA adapter to audit on top of the model.",
)  # fmt: skip
@click.option(
    "--resume/--no-resume", default=True, show_default=True,
    help="Go on with an unfinished run of the same folder, or start it over.",
)  # fmt: skip
@click.option(
    "--margin", "margins", multiple=True, callback=_margins, metavar="METRIC=VALUE",
    help="Another margin of fairness for a primary metric; repeatable.",
)  # fmt: skip
@click.option(
    "--hub", type=click.Choice(["auto", "hf", "modelscope", "local"]), default="auto",
    show_default=True, help="Where to look for models that are not on this machine.",
)  # fmt: skip
@click.option(
    "--trust-remote-code", is_flag=True, help="Execute code that comes with a checkpoint."
)
@click.option(
    "--image-style", metavar="STYLE",
    help="Suites with pictures: art style of the embedded set, openmoji or noto.",
)  # fmt: skip
@click.option(
    "--images", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR",
    help="Suites with pictures: a folder of your own, described by --labels.",
)  # fmt: skip
@click.option(
    "--labels", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="CSV",
    help="What the pictures of --images show.",
)  # fmt: skip
@click.option(
    "--image-set", metavar="NAME",
    help="Suites with pictures: the public set that --images holds (pairs, visogender, …).",
)  # fmt: skip
@_DEBUG
def run(**options: Any) -> None:
    """Audit MODEL: ask, measure, test, report.

    MODEL is a short name of the catalogue, a hub id, a local folder, a .gguf file, or
    openai:NAME@URL for any OpenAI-compatible server.
    """
    from audit.progress import ConsoleWatcher
    from audit.runner import RunOptions, run_audit
    from audit.summary import print_summary

    pictures = _picture_options(options)
    outcome = run_audit(RunOptions(**options, pictures=pictures), ConsoleWatcher())
    from audit.reports import build_report

    report = build_report(outcome.folder)
    print_summary(outcome.results, report)


@cli.command()
@click.argument("run", type=click.Path(path_type=Path, exists=True, file_okay=False))
@_DEBUG
def report(run: Path, debug: bool) -> None:
    """Rebuild report.html, report.md and metrics.csv of a run folder, without the model."""
    from audit.reports import build_report

    click.echo(build_report(run))


@cli.command(
    epilog="\b\nExamples:\n  audit compare runs/before runs/after --out runs/before-after\n"
    "  audit compare runs/model-a runs/model-b runs/model-c --out runs/models"
)
@click.argument(
    "runs", nargs=-1, required=True, metavar="BEFORE AFTER [RUN]...",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
)  # fmt: skip
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False),
    help="Where the files go.  [default: the folder of the last run]",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option(
    "--margin", "margins", multiple=True, callback=_margins, metavar="METRIC=VALUE",
    help="Two runs: another margin than the one BEFORE declared; repeatable.",
)  # fmt: skip
@click.option(
    "--allow-subset", is_flag=True,
    help="Two runs: compare what they share instead of refusing.",
)  # fmt: skip
@click.option(
    "--allow-versions", is_flag=True,
    help="Two runs: compare them even where their suites are of different versions.",
)  # fmt: skip
@_DEBUG
def compare(
    runs: tuple[Path, ...],
    out: Path | None,
    seed: int,
    margins: dict[str, float],
    allow_subset: bool,
    allow_versions: bool,
    debug: bool,
) -> None:
    """Compare two finished runs pair by pair, or put three and more side by side.

    Two runs of the same questions give compare.json and compare.html: what changed, and how
    surely. More give models.json and models.html: every run's declared metrics, with those that
    were not measured alike marked.
    """
    from audit.manifest import command_line

    if len(runs) < 2:
        raise UsageProblem("`audit compare` wants at least two run folders: BEFORE AFTER.")
    if len(runs) > 2 and (margins or allow_subset or allow_versions):
        raise UsageProblem(
            "--margin, --allow-subset and --allow-versions are for two runs; more keep their own."
        )
    out, command = out or runs[-1], command_line()
    if len(runs) == 2:
        from audit.compare import compare_runs, save
        from audit.compare_table import print_comparison
        from audit.left_out import OtherQuestions, by_probe
        from audit.reports.compare import build_comparison

        try:
            found = compare_runs(
                *runs, seed=seed, margins=margins, allow_subset=allow_subset,
                allow_versions=allow_versions,
            )  # fmt: skip
        except OtherQuestions as problem:
            for line in by_probe(problem.left_out):
                click.echo(line, err=True)
            raise
        path = save(found, out)
        print_comparison(found, path, build_comparison(found, out, command=command))
        return
    from audit.compare_table import print_models
    from audit.comparison import save_models, tabulate
    from audit.reports.compare import build_models

    table = tabulate(runs)
    path = save_models(table, out)
    print_models(table, path, build_models(table, out, command=command))


@cli.command(
    epilog="\b\nExamples:\n  audit plan --suite occupations,pronouns\n"
    "  audit plan smollm2-135m-instruct --limit 200\n"
    "  audit plan --suite tone --samples 4 --effect 0.1"
)
@click.argument("model", required=False)
@click.option("--suite", "suites", default="occupations", show_default=True, callback=words)
@click.option("--lang", "langs", default="en", show_default=True, callback=words)
@click.option("--limit", type=int, help="As in `audit run`.")
@click.option("--samples", type=int, help="As in `audit run`.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option(
    "--backend", type=click.Choice(["auto", "vllm", "transformers", "openai"]), default="auto",
    show_default=True, help="The engine that is timed.",
)  # fmt: skip
@click.option(
    "--like", type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A finished run whose variances, and speed, are assumed.",
)  # fmt: skip
@click.option("--rate", type=float, help="Requests a second, instead of a timing.")
@click.option(
    "--effect", is_flag=False, flag_value="margin", callback=_effect, metavar="[NUMBER]",
    help="Also how many clusters, wordings or samples find this effect; alone: each margin.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@_DEBUG
def plan(
    model: str | None,
    backend: str,
    like: Path | None,
    rate: float | None,
    effect: Effect | None,
    as_json: bool,
    debug: bool,
    **asked: Any,
) -> None:
    """What a run would ask, how long it takes, and the smallest effect it could show.

    Nothing is loaded unless a MODEL is named: then a few dozen questions time it.
    """
    from audit.planning import rate as rates
    from audit.planning.plan import make_plan
    from audit.runner import RunOptions, collect_items

    options = RunOptions(model or "", backend=backend, debug=debug, **asked)
    suites, items = collect_items(options)
    speed, scores = rates.rate_and_scores(
        model, items, backend=backend, seed=options.seed, like=like, rate=rate
    )
    found = make_plan(suites, items, like=like, rate=speed, scores=scores, effect=effect)
    if as_json:
        import json

        click.echo(json.dumps(found.to_json(), indent=1))
        return
    from audit.planning.table import print_plan

    print_plan(found)


@cli.command(epilog="\b\nExample:\n  audit gate runs/model --policy policy.yaml --junit gate.xml")
@click.argument("run", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--policy", required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="What the run must show; docs/gate.md has the format.",
)  # fmt: skip
@click.option(
    "--baseline", type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="An earlier run of the same questions, for max_growth.",
)  # fmt: skip
@click.option(
    "--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write JUnit XML here."
)
@click.option(
    "--json", "json_path", type=click.Path(path_type=Path, dir_okay=False), help="Write JSON here."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@_DEBUG
def gate(
    run: Path,
    policy: Path,
    baseline: Path | None,
    junit: Path | None,
    json_path: Path | None,
    seed: int,
    debug: bool,
) -> int:
    """Hold a finished RUN against a policy; exit code 1 where it is broken.

    Evidence that settles nothing breaks a rule too, unless the rule allows it.
    """
    from audit.gate.run import gate_run

    return gate_run(run, policy, baseline=baseline, junit=junit, json_path=json_path, seed=seed)


@cli.group(name="list")
def list_() -> None:
    """What there is: suites, the public benchmarks among them, and models."""


@list_.command()
def suites() -> None:
    """The suites, their languages and their primary metrics."""
    from audit.listing import print_suites

    print_suites()


@list_.command(
    epilog="\b\nExamples:\n  audit list benchmarks\n"
    "  EQUIPOISE_DATA=~/benchmarks audit list benchmarks"
)
def benchmarks() -> None:
    """The public benchmarks: what they measure, their licences, and which are on this machine."""
    from audit.listing import print_benchmarks

    print_benchmarks()


@list_.command(epilog="\b\nExample:\n  audit list models --grep qwen2.5 --runnable")
@click.option("--grep", default="", help="Only names or hub ids that contain this.")
@click.option("--modality", help="text, vision, audio, video or omni.")
@click.option("--runnable", is_flag=True, help="By which backend each runs here, or why not.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def models(grep: str, modality: str | None, runnable: bool, as_json: bool) -> None:
    """The catalogue of models by short name."""
    from audit.listing import print_models

    print_models(grep=grep, modality=modality, runnable=runnable, as_json=as_json)


@cli.command()
def doctor() -> None:
    """What this machine can run, and what is missing."""
    from audit.doctor import print_doctor

    print_doctor()


def main(arguments: list[str] | None = None) -> None:
    """Entry point; exits with the codes of the contract."""
    sys.exit(run_command(cli, arguments))
