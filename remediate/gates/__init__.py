"""Capability gates: what a repair may not cost."""
