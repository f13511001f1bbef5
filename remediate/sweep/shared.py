"""What all cells of a sweep share, and for which training it is made.

The pairs are built once, for the cell that trains on most. A shorter cell trains on their
beginning: they are in the order of training, in which the probes are spread evenly and occupations
take turns (``counterfactual_data/selection.py``), so that a beginning is as balanced as the whole.
The reference's log-probabilities are of the pairs as the file has them, whatever the loss; which
side a loss prefers is decided when a cell is trained.
"""

from __future__ import annotations

import dataclasses

from remediate.dpo.config import TrainingConfig
from remediate.sweep.grid import Sweep


def shared_config(sweep: Sweep) -> TrainingConfig:
    """The training that data and reference are made for: most pairs, longest pairs."""
    configs = [cell.config for cell in sweep.cells]
    largest = max(configs, key=lambda config: config.steps * config.batch)
    return dataclasses.replace(largest, max_length=max(c.max_length for c in configs))
