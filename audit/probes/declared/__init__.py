"""Suites declared in YAML: templates × factors × answers, no Python (docs/write-a-probe.md)."""

from audit.probes.declared.kept import copy_in, keep_copies
from audit.probes.declared.suite import DeclaredSuite, load_suite

__all__ = ["DeclaredSuite", "copy_in", "keep_copies", "load_suite"]
