"""What every command line of the project shares: exit codes, errors in a sentence, Ctrl-C."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import TYPE_CHECKING

import click

from core.errors import EquipoiseError, UsageProblem

if TYPE_CHECKING:
    from rich.console import Console

INTERRUPTED = 130


def words(_: click.Context, parameter: click.Parameter, value: str) -> tuple[str, ...]:
    """Callback of an option: comma-separated text → its parts, each once, in order."""
    parts = tuple(dict.fromkeys(p.strip() for p in value.split(",") if p.strip()))
    if not parts:
        raise UsageProblem(f"{parameter.opts[0]} is empty.")
    return parts


def table_console(width: int) -> Console:
    """For tables on stdout: at least ``width`` columns where it is no terminal.

    A log is not folded, and its numbers are not cut.
    """
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, width)
    return console


def _as_interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt


def run_command(command: click.Command, arguments: Sequence[str] | None = None) -> int:
    """Run a click command and return the exit code of the contract.

    Expected problems are told in a sentence or two on stderr. Unexpected ones too, with how to
    see the traceback; ``--debug`` anywhere on the line shows it. SIGTERM is Ctrl-C: what is done is
    kept.
    """
    given = list(arguments if arguments is not None else sys.argv[1:])
    debug = "--debug" in given
    name = command.name or "audit"
    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        result = command.main(args=given, prog_name=name, standalone_mode=False)
        return result if isinstance(result, int) else 0
    except EquipoiseError as error:
        _tell(name, str(error))
        if debug:
            raise
        return error.exit_code
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        _tell(name, f"{error.format_message()} See `{name} --help`.")
        return 2
    except (KeyboardInterrupt, click.Abort) as error:
        kept = str(error)
        _tell(name, f"interrupted{': ' + kept if kept else ''}. Run the same command to go on.")
        return INTERRUPTED
    except BrokenPipeError:
        return 0
    except OSError as error:
        if debug:
            raise
        _tell(name, f"{error.filename or 'The disk'}: {error.strerror or error}.")
        return 3
    except Exception as error:
        if debug:
            raise
        first = (str(error).splitlines() or [""])[0][:200]
        _tell(name, f"unexpected {type(error).__name__}: {first} (--debug shows where).")
        return 3


def _tell(name: str, message: str) -> None:
    click.echo(f"{name}: {message}", err=True)
