"""A package, so that no other distribution's stray `tests` is taken for it."""
