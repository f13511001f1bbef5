"""Errors a user can act on. Each carries the exit code of the contract and one or two sentences.

Anything else that escapes is a defect and keeps its traceback behind ``--debug``.
"""

from __future__ import annotations


class EquipoiseError(Exception):
    """Base of every expected failure: what is wrong, where, what to do."""

    exit_code = 3


class UsageProblem(EquipoiseError):
    """The command was called wrongly (exit 2)."""

    exit_code = 2


class EnvironmentProblem(EquipoiseError):
    """The model, the disk or the machine cannot do it (exit 3)."""

    exit_code = 3
