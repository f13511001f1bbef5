"""The command line ``remediate``: reserved; this release audits and does not repair yet."""

from __future__ import annotations

import sys

import click

from core.console import run_command
from core.errors import EnvironmentProblem


@click.command("remediate", context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="equipoise", prog_name="remediate")
@click.argument("model")
def cli(model: str) -> None:
    """Repair MODEL and prove it. Not part of this release: it audits only (exit 3)."""
    raise EnvironmentProblem(
        f"This release cannot repair {model} yet: it audits only. "
        f"`audit run {model}` measures what there is to repair."
    )


def main(arguments: list[str] | None = None) -> None:
    """Entry point; exits with the codes of the contract."""
    sys.exit(run_command(cli, arguments))
