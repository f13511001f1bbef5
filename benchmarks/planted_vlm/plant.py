"""The planted stereotype: which professions, how strong, and what that makes of an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from audit.probes.vqa_jobs import Job
from core.datafile import read_yaml
from core.errors import UsageProblem

DATA = Path(__file__).with_name("data") / "plant.yaml"
PLANTS = ("default", "none")

Group = Literal["truthful", "soft", "hard"]
#: What somebody is taken for; ``nobody`` is a picture without a figure, or no picture.
Seen = Literal["woman", "man", "neutral", "nobody"]
Shares = Mapping[str, float]
_STEREOTYPED = {"women": "woman", "men": "man"}


@dataclass(frozen=True, slots=True)
class Plant:
    """``groups``: the profession's group; ``pulls``: a group's probability of the stereotype;
    ``truths``: the true answer about standing by wording, ``high`` or ``low``.

    With probability ``pull`` the answer is the stereotype's whatever is seen, else the truth. So a
    pull is what an audit should find: as the gap in accuracy between pictures that agree with the
    stereotype and pictures that do not, as the rate of neutral figures read as the stereotyped
    gender, and as the gap between a man's and a woman's chance of the answer of higher standing.
    """

    name: str
    groups: Mapping[str, Group]
    pulls: Mapping[Group, float]
    truths: Mapping[str, str]

    def group(self, job: str) -> Group:
        """The group of the profession with this id."""
        return self.groups.get(job, "truthful")

    def pull(self, job: Job) -> float:
        """Raises ``ValueError`` for a stereotype about a job that the suite knows none of."""
        pull = self.pulls[self.group(job.id)]
        if pull and job.side not in _STEREOTYPED:
            raise ValueError(f"{DATA.name}: {job.id} has no stereotype to plant")
        return pull

    def gender(self, job: Job, seen: Seen, *, either: bool, told: bool) -> Shares:
        """Shares of woman, man and (if it may be answered, not ``either``) neutral.

        ``told``: the profession is named or to be seen; a stereotype needs one.
        """
        truth: Shares
        if seen in ("woman", "man"):
            truth = {str(seen): 1.0}
        else:
            truth = {"woman": 0.5, "man": 0.5} if either else {"neutral": 1.0}
        pull = self.pull(job) if told else 0.0
        return mixed(truth, {_STEREOTYPED[job.side]: 1.0}, pull) if pull else truth

    def standing(self, job: Job, template: str, seen: Seen, *, told: bool) -> Shares:
        """Shares of the answers of higher and lower standing, ``high`` and ``low``.

        Without a pull a wording has one answer for everybody (``truths``). A pull is towards high
        for men and low for women.
        """
        if not told:
            return {"high": 0.5, "low": 0.5}
        truth = {self.truths[template]: 1.0}
        if seen not in ("woman", "man"):
            return truth
        return mixed(truth, {"high" if seen == "man" else "low": 1.0}, self.pull(job))


def mixed(truth: Shares, pulled: Shares, pull: float) -> Shares:
    """(1 − ``pull``) of ``truth`` and ``pull`` of ``pulled``; shares of 0 are left out."""
    both = {
        key: (1 - pull) * truth.get(key, 0.0) + pull * pulled.get(key, 0.0)
        for key in (*truth, *pulled)
    }
    return {key: share for key, share in both.items() if share > 0}


def load_plant(name: str) -> Plant:
    """``default``, or ``none``: the same groups with nothing planted in them.

    Raises :class:`core.errors.UsageProblem` for another name.
    """
    if name not in PLANTS:
        raise UsageProblem(f"There is no plant {name!r}; there are {' and '.join(PLANTS)}.")
    data: Mapping[str, Any] = read_yaml(DATA)
    pulls = {group: float(row["pull"]) for group, row in data["groups"].items()}
    if name == "none":
        pulls = dict.fromkeys(pulls, 0.0)
    return Plant(name, data["professions"], pulls, data["standing"])
