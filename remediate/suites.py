"""What can be repaired: the suites whose held-out side judges."""

from __future__ import annotations

TEXT_SUITE, PICTURE_SUITE = "occupations", "vqa-gender"
